#include "agent/rules/definitions.h"

#include <algorithm>
#include <array>
#include <utility>

#include "agent/rules/address.h"
#include "agent/rules/status.h"
#include "base/core/text.h"

namespace conclave::agent {

namespace {

constexpr std::array<std::string_view, 11> type_names = {
    "maintenance", "script", "http",   "tcp",    "ttl",       "alias",
    "udp",         "grpc",   "h2ping", "docker", "os_service"};

constexpr Nanos interval_min = std::chrono::seconds(1);
constexpr Nanos deregister_after_min = std::chrono::minutes(1);

void raise_to(Nanos& value, Nanos least) {
  if (value > Nanos::zero()) value = std::max(value, least);
}

void fold_and_raise(api::CheckDefinition& check) {
  if (!check.script_args.empty()) check.args = std::exchange(check.script_args, {});
  raise_to(check.interval, interval_min);
  raise_to(check.deregister_critical_service_after, deregister_after_min);
}

void name_checks(api::ServiceDefinition& service) {
  const bool several = service.checks.size() > 1;
  std::size_t number = 0;
  for (api::CheckDefinition& check : service.checks) {
    number += 1;
    // Inside a service only CheckID names a check; ID is accepted too, because clients write it.
    if (check.check_id.empty()) check.check_id = check.id;
    check.id = std::exchange(check.check_id, {});
    if (check.id.empty()) {
      check.id = "service:" + service.id + (several ? ":" + std::to_string(number) : "");
    }
    if (check.name.empty()) check.name = "Service '" + service.name + "' check";
    check.service_id = service.id;
    if (check.token.empty()) check.token = service.token;
  }
}

void add_address_defaults(api::NodeService& service) {
  const IpFamily family = ip_family(service.address);
  if (family == IpFamily::none) return;
  const std::string suffix = family == IpFamily::v4 ? "ipv4" : "ipv6";
  const api::ServiceAddress own{service.address, service.port};
  service.tagged_addresses.try_emplace("lan_" + suffix, own);
  service.tagged_addresses.try_emplace("wan_" + suffix, own);
}

}  // namespace

CheckType check_type(const api::CheckDefinition& check) {
  if (!check.docker_container_id.empty()) return CheckType::docker;
  if (!check.args.empty()) return CheckType::script;
  if (!check.http.empty()) return CheckType::http;
  if (!check.tcp.empty()) return CheckType::tcp;
  if (!check.udp.empty()) return CheckType::udp;
  if (!check.grpc.empty()) return CheckType::grpc;
  if (!check.h2ping.empty()) return CheckType::h2ping;
  if (!check.os_service.empty()) return CheckType::os_service;
  if (!check.alias_node.empty() || !check.alias_service.empty()) return CheckType::alias;
  if (check.ttl != Nanos::zero()) return CheckType::ttl;
  return CheckType::none;
}

std::string_view check_type_text(CheckType type) {
  return type_names[static_cast<std::size_t>(type)];
}

bool is_empty(const api::CheckDefinition& check) { return check == api::CheckDefinition{}; }

void normalise(api::CheckDefinition& check) {
  if (check.id.empty()) check.id = check.check_id;
  check.check_id.clear();
  if (check.id.empty()) check.id = check.name;
  fold_and_raise(check);
}

void normalise(api::ServiceDefinition& service) {
  if (service.id.empty()) service.id = service.name;
  if (service.check) {
    service.checks.insert(service.checks.begin(), std::move(*service.check));
    service.check.reset();
  }
  std::erase_if(service.checks, is_empty);
  for (api::CheckDefinition& check : service.checks) fold_and_raise(check);
  name_checks(service);
}

api::NodeService catalog_service(const api::ServiceDefinition& service) {
  api::NodeService row;
  row.kind = service.kind;
  row.id = service.id;
  row.service = service.name;
  row.tags = service.tags;
  row.address = service.address;
  row.tagged_addresses = service.tagged_addresses;
  row.meta = service.meta;
  row.port = service.port;
  row.socket_path = service.socket_path;
  row.enable_tag_override = service.enable_tag_override;
  row.locality = service.locality;
  if (service.weights) {
    row.weights = {.passing = service.weights->passing, .warning = service.weights->warning};
  }
  add_address_defaults(row);
  return row;
}

api::HealthCheck catalog_check(const api::CheckDefinition& check, std::string_view node,
                               const api::NodeService* service) {
  api::HealthCheck row;
  row.node = node;
  row.check_id = check.id;
  row.name = check.name;
  row.status = check.status.empty() ? status_text(CheckStatus::critical) : check.status;
  row.notes = check.notes;
  const CheckType type = check_type(check);
  row.type = check_type_text(type);
  if (type != CheckType::none) {
    row.interval = format_duration(check.interval);
    row.timeout = format_duration(check.timeout);
  }
  if (service != nullptr) {
    row.service_id = service->id;
    row.service_name = service->service;
    row.service_tags = service->tags;
  }
  return row;
}

api::AgentService agent_service(const api::NodeService& service, std::string_view datacenter) {
  api::AgentService shown;
  shown.kind = service.kind;
  shown.id = service.id;
  shown.service = service.service;
  shown.tags = service.tags;
  shown.meta = service.meta;
  shown.port = service.port;
  shown.address = service.address;
  shown.socket_path = service.socket_path;
  shown.tagged_addresses = service.tagged_addresses;
  shown.weights = service.weights;
  shown.enable_tag_override = service.enable_tag_override;
  shown.datacenter = datacenter;
  shown.locality = service.locality;
  return shown;
}

}  // namespace conclave::agent
