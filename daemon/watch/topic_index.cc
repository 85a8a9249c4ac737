#include "daemon/watch/topic_index.h"

#include <algorithm>

#include "base/core/assert.h"
#include "daemon/watch/hub.h"

namespace conclave::daemon {

void TopicIndex::insert(ByName& names, const std::string& name, SharedQuery* query) {
  names[name].push_back(query);
}

void TopicIndex::erase(ByName& names, const std::string& name, SharedQuery* query) {
  const auto entry = names.find(name);
  CONCLAVE_ASSERT(entry != names.end());
  Queries& queries = entry->second;
  const auto at = std::find(queries.begin(), queries.end(), query);
  CONCLAVE_ASSERT(at != queries.end());
  *at = queries.back();
  queries.pop_back();
  if (queries.empty()) names.erase(entry);
}

void TopicIndex::add(SharedQuery* query, const Interest& interest) {
  for (const Topic& topic : interest.topics) insert(exact_[topic.kind], topic.name, query);
  for (const std::string& prefix : interest.key_prefixes) {
    insert(prefixes_[prefix.size()], prefix, query);
  }
}

void TopicIndex::remove(SharedQuery* query, const Interest& interest) {
  for (const Topic& topic : interest.topics) erase(exact_[topic.kind], topic.name, query);
  for (const std::string& prefix : interest.key_prefixes) {
    const auto length = prefixes_.find(prefix.size());
    CONCLAVE_ASSERT(length != prefixes_.end());
    erase(length->second, prefix, query);
    if (length->second.empty()) prefixes_.erase(length);
  }
}

void TopicIndex::visit(const Topic& topic, const std::function<void(SharedQuery*)>& visit) const {
  const auto visit_named = [&](const ByName& names, std::string_view name) {
    const auto entry = names.find(name);
    if (entry == names.end()) return;
    for (SharedQuery* query : entry->second) visit(query);
  };
  if (const auto names = exact_.find(topic.kind); names != exact_.end()) {
    visit_named(names->second, topic.name);
  }
  if (topic.kind != TopicKind::key) return;
  const std::string_view key = topic.name;
  for (const auto& [length, names] : prefixes_) {
    if (length > key.size()) break;
    visit_named(names, key.substr(0, length));
  }
}

}  // namespace conclave::daemon
