#include "daemon/http/register_body.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/codec/reader.h"

namespace conclave::daemon {

namespace {

/// api::HealthCheckDefinition as clients send it: durations as text or nanoseconds, and under the
/// names of Consul's API type as well.
struct DefinitionBody {
  std::string http;
  std::string tls_server_name;
  bool tls_skip_verify = false;
  std::map<std::string, std::vector<std::string>> header;
  std::string method;
  std::string body;
  std::string tcp;
  std::string udp;
  std::string grpc;
  Nanos interval{};
  Nanos timeout{};
  Nanos deregister_after{};
  Nanos interval_duration{};
  Nanos timeout_duration{};
  Nanos deregister_after_duration{};

  static constexpr auto fields() {
    using api::field;
    using api::Show;
    using D = DefinitionBody;
    return std::tuple{
        field(0, "HTTP", &D::http),
        field(0, "TLSServerName", &D::tls_server_name, Show::always, "tls_server_name"),
        field(0, "TLSSkipVerify", &D::tls_skip_verify, Show::always, "tls_skip_verify"),
        field(0, "Header", &D::header),
        field(0, "Method", &D::method),
        field(0, "Body", &D::body),
        field(0, "TCP", &D::tcp),
        field(0, "UDP", &D::udp),
        field(0, "GRPC", &D::grpc),
        field(0, "Interval", &D::interval),
        field(0, "Timeout", &D::timeout),
        field(0, "DeregisterCriticalServiceAfter", &D::deregister_after, Show::always,
              "deregister_critical_service_after"),
        field(0, "IntervalDuration", &D::interval_duration),
        field(0, "TimeoutDuration", &D::timeout_duration),
        field(0, "DeregisterCriticalServiceAfterDuration", &D::deregister_after_duration)};
  }
};

struct CheckBody {
  std::string node;
  std::string check_id;
  std::string name;
  std::string status;
  std::string notes;
  std::string output;
  std::string service_id;
  std::string service_name;
  std::vector<std::string> service_tags;
  std::string type;
  std::string interval;
  std::string timeout;
  std::int64_t exposed_port = 0;
  DefinitionBody definition;
  std::uint64_t create_index = 0;  ///< Sent back by clients that read it; ignored, as the next.
  std::uint64_t modify_index = 0;

  static constexpr auto fields() {
    using api::field;
    using api::Show;
    using C = CheckBody;
    return std::tuple{field(0, "Node", &C::node),
                      field(0, "CheckID", &C::check_id, Show::always, "check_id"),
                      field(0, "Name", &C::name),
                      field(0, "Status", &C::status),
                      field(0, "Notes", &C::notes),
                      field(0, "Output", &C::output),
                      field(0, "ServiceID", &C::service_id, Show::always, "service_id"),
                      field(0, "ServiceName", &C::service_name, Show::always, "service_name"),
                      field(0, "ServiceTags", &C::service_tags, Show::always, "service_tags"),
                      field(0, "Type", &C::type),
                      field(0, "Interval", &C::interval),
                      field(0, "Timeout", &C::timeout),
                      field(0, "ExposedPort", &C::exposed_port, Show::always, "exposed_port"),
                      field(0, "Definition", &C::definition),
                      field(0, "CreateIndex", &C::create_index),
                      field(0, "ModifyIndex", &C::modify_index)};
  }
};

struct RegisterBody {
  std::string datacenter;
  std::string id;
  std::string node;
  std::string address;
  api::StringMap tagged_addresses;
  api::StringMap node_meta;
  bool skip_node_update = false;
  std::optional<api::NodeService> service;
  std::optional<CheckBody> check;
  std::vector<CheckBody> checks;

  static constexpr auto fields() {
    using api::field;
    using api::Show;
    using R = RegisterBody;
    return std::tuple{
        field(0, "Datacenter", &R::datacenter),
        field(0, "ID", &R::id),
        field(0, "Node", &R::node),
        field(0, "Address", &R::address),
        field(0, "TaggedAddresses", &R::tagged_addresses, Show::always, "tagged_addresses"),
        field(0, "NodeMeta", &R::node_meta, Show::always, "node_meta"),
        field(0, "SkipNodeUpdate", &R::skip_node_update, Show::always, "skip_node_update"),
        field(0, "Service", &R::service),
        field(0, "Check", &R::check),
        field(0, "Checks", &R::checks)};
  }
};

struct DeregisterBody {
  std::string datacenter;
  std::string node;
  std::string service_id;
  std::string check_id;

  static constexpr auto fields() {
    using api::field;
    using api::Show;
    using D = DeregisterBody;
    return std::tuple{field(0, "Datacenter", &D::datacenter), field(0, "Node", &D::node),
                      field(0, "ServiceID", &D::service_id, Show::always, "service_id"),
                      field(0, "CheckID", &D::check_id, Show::always, "check_id")};
  }
};

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
  return check;
}

Result<void> check_datacenter(std::string_view datacenter, const ServerSettings& settings) {
  if (datacenter.empty() || datacenter == settings.datacenter) return {};
  return fail(ErrorCode::failed, "No path to datacenter");
}

}  // namespace

Result<Register> parse_register(std::string_view text, const ServerSettings& settings) {
  CONCLAVE_TRY_ASSIGN(RegisterBody body,
                      api::decode_body<RegisterBody>(text, {.strict = settings.strict_json}));
  CONCLAVE_TRY(check_datacenter(body.datacenter, settings));
  Register command;
  command.skip_node_update = body.skip_node_update;
  // A service without a name and an id is how some clients write "none".
  if (body.service.has_value() && !(body.service->id.empty() && body.service->service.empty())) {
    body.service->create_index = 0;
    body.service->modify_index = 0;
    command.service = std::move(body.service);
  }
  if (body.check.has_value()) body.checks.push_back(std::move(*body.check));
  for (CheckBody& check : body.checks) {
    command.checks.push_back(to_check(std::move(check)));
  }
  command.node = {.id = std::move(body.id),
                  .node = std::move(body.node),
                  .address = std::move(body.address),
                  .datacenter = settings.datacenter,
                  .tagged_addresses = std::move(body.tagged_addresses),
                  .meta = std::move(body.node_meta)};
  return command;
}

Result<Deregister> parse_deregister(std::string_view text, const ServerSettings& settings) {
  CONCLAVE_TRY_ASSIGN(DeregisterBody body,
                      api::decode_body<DeregisterBody>(text, {.strict = settings.strict_json}));
  CONCLAVE_TRY(check_datacenter(body.datacenter, settings));
  return Deregister{.node = std::move(body.node),
                    .service_id = std::move(body.service_id),
                    .check_id = std::move(body.check_id)};
}

}  // namespace conclave::daemon
