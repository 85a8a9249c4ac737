#include "daemon/read/instance_filter.h"

#include <algorithm>

#include "base/core/text.h"

namespace conclave::daemon {

bool InstanceFilter::wants_node(const api::Node& node) const {
  return std::ranges::all_of(node_meta, [&](const auto& pair) {
    const auto found = node.meta.find(pair.first);
    return found != node.meta.end() && found->second == pair.second;
  });
}

bool InstanceFilter::wants_service(const api::NodeService& service) const {
  return std::ranges::all_of(tags, [&](const std::string& wanted) {
    return std::ranges::any_of(
        service.tags, [&](const std::string& tag) { return equal_ignoring_case(tag, wanted); });
  });
}

}  // namespace conclave::daemon
