#include "daemon/read/usage_read.h"

#include <algorithm>

#include "api/model/catalog.h"
#include "base/core/text.h"
#include "daemon/tables/key.h"
#include "daemon/tables/meta.h"
#include "daemon/tables/row.h"

namespace conclave::daemon {

namespace {

std::uint64_t count(const ReadRows& rows, Table table) {
  std::uint64_t found = 0;
  rows.scan_prefix(table_key(table), [&](std::string_view, std::string_view) {
    ++found;
    return true;
  });
  return found;
}

}  // namespace

UsageRead read_usage(const ReadRows& rows) {
  const Meta meta = read_meta(rows);
  UsageRead read{.usage = {},
                 .index = std::max<std::uint64_t>({meta.nodes_index, meta.services_index, 1})};
  Usage& usage = read.usage;
  usage.nodes = count(rows, Table::nodes);
  usage.services = count(rows, Table::service_indexes);  // One row for each name.
  for (const char* kind : {"api-gateway", "connect-native", "connect-proxy", "ingress-gateway",
                           "mesh-gateway", "terminating-gateway"}) {
    usage.connect_instances[kind] = 0;
  }
  visit_rows<api::NodeService>(
      rows, table_key(Table::services), [&](const api::NodeService& service) {
        ++usage.service_instances;
        if (const auto kind = usage.connect_instances.find(service.kind);
            kind != usage.connect_instances.end()) {
          ++kind->second;
        } else if (service.kind.empty() && !equal_ignoring_case(service.service, "consul")) {
          ++usage.billable_instances;
        }
        return true;
      });
  return read;
}

}  // namespace conclave::daemon
