#include "daemon/http/check_body.h"

#include <string_view>
#include <utility>

namespace conclave::daemon {
namespace {

/// Go's Duration.String(), "" for zero: zero durations are not shown.
std::string shown(Nanos given, Nanos by_other_name) {
  const Nanos duration = given == Nanos(0) ? by_other_name : given;
  return duration == Nanos(0) ? std::string() : format_duration(duration);
}

api::HealthCheckDefinition to_definition(DefinitionBody body) {
  return {.http = std::move(body.http),
          .tls_server_name = std::move(body.tls_server_name),
          .tls_skip_verify = body.tls_skip_verify,
          .header = std::move(body.header),
          .method = std::move(body.method),
          .body = std::move(body.body),
          .tcp = std::move(body.tcp),
          .udp = std::move(body.udp),
          .grpc = std::move(body.grpc),
          .interval = shown(body.interval, body.interval_duration),
          .timeout = shown(body.timeout, body.timeout_duration),
          .deregister_critical_service_after =
              shown(body.deregister_after, body.deregister_after_duration)};
}

std::string_view type_of(const api::HealthCheckDefinition& definition) {
  if (!definition.http.empty()) return "http";
  if (!definition.tcp.empty()) return "tcp";
  if (!definition.udp.empty()) return "udp";
  return definition.grpc.empty() ? "" : "grpc";
}

}  // namespace

api::HealthCheck to_check(CheckBody body) {
  api::HealthCheck check;
  check.node = std::move(body.node);
  check.check_id = std::move(body.check_id);
  check.name = std::move(body.name);
  check.status = std::move(body.status);
  check.notes = std::move(body.notes);
  check.output = std::move(body.output);
  check.service_id = std::move(body.service_id);
  check.service_name = std::move(body.service_name);
  check.service_tags = std::move(body.service_tags);
  check.type = std::move(body.type);
  check.interval = std::move(body.interval);
  check.timeout = std::move(body.timeout);
  check.exposed_port = body.exposed_port;
  check.definition = to_definition(std::move(body.definition));
  if (check.type.empty()) check.type = type_of(check.definition);
  return check;
}

}  // namespace conclave::daemon
