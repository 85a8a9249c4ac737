#include "daemon/http/instance_parameters.h"

#include <string>

#include "base/core/text.h"

namespace conclave::daemon {

InstanceFilter instance_filter(const api::Request& request) {
  InstanceFilter filter;
  for (const auto& [name, value] : request.query) {
    if (name == "tag") {
      filter.tags.push_back(value);
    } else if (name == "node-meta") {
      const std::size_t colon = std::min(value.find(':'), value.size());
      const std::size_t rest = std::min(colon + 1, value.size());
      filter.node_meta.emplace_back(value.substr(0, colon), value.substr(rest));
    }
  }
  return filter;
}

Interest wait_for(TopicKind kind, std::string_view name) {
  return {.topics = {{kind, to_lower_ascii(name)}}, .key_prefixes = {}};
}

Interest wait_for_tables(std::initializer_list<TopicKind> kinds) {
  Interest interest;
  for (const TopicKind kind : kinds) interest.topics.push_back({kind, ""});
  return interest;
}

}  // namespace conclave::daemon
