#pragma once

/// A health check as the bodies of /v1/catalog/register and /v1/txn describe it
/// (contract 8.1, 8.4).

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "api/model/catalog.h"
#include "api/model/field.h"
#include "base/core/duration.h"

namespace conclave::daemon {

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
  std::uint64_t create_index = 0;  ///< Sent back by clients that read it; ignored.
  std::uint64_t modify_index = 0;  ///< The operand of a transaction's cas; else ignored.

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

/// The catalog's row, without indexes. A check without a type has that of its definition.
api::HealthCheck to_check(CheckBody body);

}  // namespace conclave::daemon
