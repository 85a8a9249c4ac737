#pragma once

/// What `watch` can watch: for each -type the flags it takes, the query they make, and the JSON
/// that a handler is given (contract 17; the shapes are those of Consul's own tool).

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/commands/client_flags.h"

namespace conclave::cli {

struct WatchQuery {
  std::string path;
  std::vector<AgentClient::Query> query;
  /// The JSON of what was found, compact; `exists` is false for a 404.
  Result<std::string> (*shape)(bool exists, const std::string& body) = nullptr;
  /// Events: the index says which is the newest and has no order (contract 11), and a handler is
  /// given only those after the one that it saw last.
  bool events = false;
};

struct WatchType {
  std::string_view name;
  std::vector<std::string_view> flags;  ///< Those that choose what is watched.
  Result<WatchQuery> (*plan)(const ParsedFlags& flags);
};

std::span<const WatchType> watch_types();

/// The events of a list after the one with this index (api::event_index()); all of them if it is
/// not among them.
Result<std::string> events_after(const std::string& json, std::uint64_t index);

/// Errors: unknown type, a flag that the type does not know, a missing or contradictory one.
Result<WatchQuery> plan_watch(const ParsedFlags& flags);

}  // namespace conclave::cli
