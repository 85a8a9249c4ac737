#pragma once

/// A health check as it is defined to an agent: the body of /v1/agent/check/register, `Check` and
/// `Checks` of a service registration, `check` in configuration files and the agent's own files
/// (contract 7.1, 16.3). How it is run is agent/checks' business, what the catalog sees of it is
/// api::HealthCheck.
///
/// A name and its alias are two ways to write one member; where two *names* mean the same (ID and
/// CheckID; ScriptArgs and Args) both are members here, and agent/rules' normalise() folds them
/// after decoding.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "api/model/field.h"
#include "base/core/duration.h"

namespace conclave::api {

struct CheckDefinition {
  std::string id;        ///< ID of check/register; normalise() fills it from check_id.
  std::string check_id;  ///< CheckID, the spelling inside a service.
  std::string name;
  std::string notes;
  std::string status;      ///< Initial status, "" = critical.
  std::string service_id;  ///< "" = a check of the node.
  std::string token;
  std::vector<std::string> args;  ///< Program and arguments; normalise() folds all spellings here.
  std::vector<std::string> script_args;  ///< ScriptArgs: wins over Args.
  std::string http;                      ///< URL.
  std::string method;                    ///< "" = GET.
  std::map<std::string, std::vector<std::string>> header;
  std::string body;
  bool disable_redirects = false;
  std::string tcp;  ///< host:port.
  bool tcp_use_tls = false;
  std::string udp;
  std::string grpc;
  bool grpc_use_tls = false;
  std::string h2ping;
  std::optional<bool> h2ping_use_tls;  ///< Unset = true.
  std::string tls_server_name;
  bool tls_skip_verify = false;
  Nanos interval{};
  Nanos timeout{};  ///< 0 = the default of the type.
  Nanos ttl{};
  std::string docker_container_id;
  std::string shell;
  std::string alias_node;
  std::string alias_service;
  std::string os_service;
  std::int64_t output_max_size = 0;  ///< Bytes, 0 = the agent's limit.
  std::int64_t success_before_passing = 0;
  std::int64_t failures_before_warning = 0;
  std::int64_t failures_before_critical = 0;
  Nanos deregister_critical_service_after{};  ///< 0 = never.

  friend bool operator==(const CheckDefinition&, const CheckDefinition&) = default;
  static constexpr auto fields() {
    using D = CheckDefinition;
    constexpr Show omit = Show::omit_empty;
    return std::tuple{
        field(0, "ID", &D::id, omit),
        field(0, "CheckID", &D::check_id, omit, "check_id"),
        field(0, "Name", &D::name, omit),
        field(0, "Notes", &D::notes, omit),
        field(0, "Status", &D::status, omit),
        field(0, "ServiceID", &D::service_id, omit, "service_id"),
        field(0, "Token", &D::token, omit),
        field(0, "Args", &D::args, omit),
        field(0, "ScriptArgs", &D::script_args, omit, "script_args"),
        field(0, "HTTP", &D::http, omit),
        field(0, "Method", &D::method, omit),
        field(0, "Header", &D::header, omit),
        field(0, "Body", &D::body, omit),
        field(0, "DisableRedirects", &D::disable_redirects, omit, "disable_redirects"),
        field(0, "TCP", &D::tcp, omit),
        field(0, "TCPUseTLS", &D::tcp_use_tls, omit, "tcp_use_tls"),
        field(0, "UDP", &D::udp, omit),
        field(0, "GRPC", &D::grpc, omit),
        field(0, "GRPCUseTLS", &D::grpc_use_tls, omit, "grpc_use_tls"),
        field(0, "H2PING", &D::h2ping, omit),
        field(0, "H2PingUseTLS", &D::h2ping_use_tls, omit, "h2ping_use_tls"),
        field(0, "TLSServerName", &D::tls_server_name, omit, "tls_server_name"),
        field(0, "TLSSkipVerify", &D::tls_skip_verify, omit, "tls_skip_verify"),
        field(0, "Interval", &D::interval, omit),
        field(0, "Timeout", &D::timeout, omit),
        field(0, "TTL", &D::ttl, omit),
        field(0, "DockerContainerID", &D::docker_container_id, omit, "docker_container_id"),
        field(0, "Shell", &D::shell, omit),
        field(0, "AliasNode", &D::alias_node, omit, "alias_node"),
        field(0, "AliasService", &D::alias_service, omit, "alias_service"),
        field(0, "OSService", &D::os_service, omit, "os_service"),
        field(0, "OutputMaxSize", &D::output_max_size, omit, "output_max_size"),
        field(0, "SuccessBeforePassing", &D::success_before_passing, omit,
              "success_before_passing"),
        field(0, "FailuresBeforeWarning", &D::failures_before_warning, omit,
              "failures_before_warning"),
        field(0, "FailuresBeforeCritical", &D::failures_before_critical, omit,
              "failures_before_critical"),
        field(0, "DeregisterCriticalServiceAfter", &D::deregister_critical_service_after, omit,
              "deregister_critical_service_after"),
    };
  }
};

/// The body of /v1/agent/check/update/:id (contract 7.2).
struct CheckUpdate {
  std::string status;
  std::string output;

  static constexpr auto fields() {
    return std::tuple{field(0, "Status", &CheckUpdate::status),
                      field(0, "Output", &CheckUpdate::output)};
  }
};

}  // namespace conclave::api
