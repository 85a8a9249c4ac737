#pragma once

/// Who waits for what: shared queries by exact topic and by key prefix. A changed key finds its
/// prefix waiters by one look-up per distinct prefix length that anybody waits for, however many
/// prefixes there are. Internal to daemon/watch.

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "daemon/state/change_set.h"

namespace conclave::daemon {

struct SharedQuery;
struct Interest;

class TopicIndex {
 public:
  void add(SharedQuery* query, const Interest& interest);
  void remove(SharedQuery* query, const Interest& interest);
  /// Calls `visit` for each query that stands on the topic; possibly twice for one that does so in
  /// two ways.
  void visit(const Topic& topic, const std::function<void(SharedQuery*)>& visit) const;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  /// Mostly one waiter a name: a vector of one pointer.
  using Queries = std::vector<SharedQuery*>;
  using ByName = std::unordered_map<std::string, Queries, Hash, std::equal_to<>>;

  static void insert(ByName& names, const std::string& name, SharedQuery* query);
  static void erase(ByName& names, const std::string& name, SharedQuery* query);

  std::map<TopicKind, ByName> exact_;
  std::map<std::size_t, ByName> prefixes_;  ///< By their length.
};

}  // namespace conclave::daemon
