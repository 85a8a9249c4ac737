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
};

struct WatchType {
  std::string_view name;
  std::vector<std::string_view> flags;  ///< Those that choose what is watched.
  Result<WatchQuery> (*plan)(const ParsedFlags& flags);
};

std::span<const WatchType> watch_types();

/// Errors: unknown type, a flag that the type does not know, a missing or contradictory one.
Result<WatchQuery> plan_watch(const ParsedFlags& flags);

}  // namespace conclave::cli
