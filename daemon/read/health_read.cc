#include "daemon/read/health_read.h"

#include <algorithm>
#include <utility>

#include "daemon/read/catalog_read.h"
#include "daemon/tables/checks.h"
#include "daemon/tables/meta.h"
#include "daemon/tables/nodes.h"
#include "daemon/tables/topic_index.h"

namespace conclave::daemon {

namespace {

bool is_passing(const api::HealthCheck& check) { return check.status == "passing"; }

/// Whether the node of a check is wanted; without node_meta no node is looked up.
bool wants_node_of(const ReadRows& rows, const InstanceFilter& filter,
                   const api::HealthCheck& check) {
  if (filter.node_meta.empty()) return true;
  const auto node = find_node(rows, check.node);
  return node.has_value() && filter.wants_node(*node);
}

std::uint64_t checks_index(const ReadRows& rows) {
  return std::max<std::uint64_t>(read_meta(rows).checks_index, 1);
}

}  // namespace

std::uint64_t list_health(const ReadRows& rows, std::string_view service,
                          const InstanceFilter& filter, bool passing_only,
                          FunctionRef<void(api::ServiceEntry&&)> take) {
  visit_wanted_instances(rows, service, filter,
                         [&](const api::Node& node, const api::NodeService& instance) {
                           api::ServiceEntry entry{.node = node, .service = instance, .checks = {}};
                           auto collect = [&](const api::HealthCheck& check) {
                             entry.checks.push_back(check);
                             return true;
                           };
                           visit_service_checks(rows, node.node, "", collect);
                           visit_service_checks(rows, node.node, instance.id, collect);
                           if (passing_only && !std::ranges::all_of(entry.checks, is_passing))
                             return;
                           take(std::move(entry));
                         });
  return service_index(rows, service);
}

HealthListing list_health(const ReadRows& rows, std::string_view service,
                          const InstanceFilter& filter, bool passing_only) {
  HealthListing listing;
  listing.index = list_health(rows, service, filter, passing_only, [&](api::ServiceEntry&& entry) {
    listing.entries.push_back(std::move(entry));
  });
  return listing;
}

std::uint64_t list_checks_of_service(const ReadRows& rows, std::string_view service,
                                     const InstanceFilter& filter, TakeCheck take) {
  visit_checks_by_name(rows, service, [&](const api::HealthCheck& check) {
    if (wants_node_of(rows, filter, check)) take(api::HealthCheck(check));
    return true;
  });
  return service_index(rows, service);
}

std::uint64_t list_checks_of_node(const ReadRows& rows, std::string_view node, TakeCheck take) {
  visit_node_checks(rows, node, [&](const api::HealthCheck& check) {
    take(api::HealthCheck(check));
    return true;
  });
  return checks_index(rows);
}

std::uint64_t list_checks_in_state(const ReadRows& rows, std::string_view status,
                                   const InstanceFilter& filter, TakeCheck take) {
  auto collect = [&](const api::HealthCheck& check) {
    if (wants_node_of(rows, filter, check)) take(api::HealthCheck(check));
    return true;
  };
  if (status == "any") {
    visit_checks(rows, collect);
  } else {
    visit_checks_by_status(rows, status, collect);
  }
  return checks_index(rows);
}

}  // namespace conclave::daemon
