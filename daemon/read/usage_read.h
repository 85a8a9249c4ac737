#pragma once

/// Counts of what the catalog holds (contract 12, operator/usage).

#include <cstdint>
#include <map>
#include <string>
#include <tuple>

#include "api/model/field.h"
#include "daemon/store/rows.h"

namespace conclave::daemon {

struct Usage {
  std::uint64_t nodes = 0;
  std::uint64_t services = 0;  ///< Different names.
  std::uint64_t service_instances = 0;
  std::map<std::string, std::uint64_t> connect_instances;  ///< By kind, all kinds named.
  std::uint64_t billable_instances = 0;  ///< Without those of the mesh and of the servers.

  static constexpr auto fields() {
    using api::field;
    return std::tuple{field(0, "Nodes", &Usage::nodes), field(0, "Services", &Usage::services),
                      field(0, "ServiceInstances", &Usage::service_instances),
                      field(0, "ConnectServiceInstances", &Usage::connect_instances),
                      field(0, "BillableServiceInstances", &Usage::billable_instances)};
  }
};

struct UsageRead {
  Usage usage;
  std::uint64_t index = 0;  ///< Of the last change of nodes or services.
};
UsageRead read_usage(const ReadRows& rows);

}  // namespace conclave::daemon
