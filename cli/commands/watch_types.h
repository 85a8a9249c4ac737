#pragma once

/// What `watch` can watch: for each -type the flags it takes, the query they make, and the JSON
/// that a handler is given (contract 17; the shapes are those of Consul's own tool).

#include <functional>
#include <set>
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
  /// given only those that it has not seen.
  bool events = false;
  /// The agent's own services: what is waited on is a hash (contract 2.4).
  bool by_hash = false;
};

struct WatchType {
  std::string_view name;
  std::vector<std::string_view> flags;  ///< Those that choose what is watched.
  Result<WatchQuery> (*plan)(const ParsedFlags& flags);
};

std::span<const WatchType> watch_types();

/// The events of a list whose ids are not among `seen`, which then holds them, too. Of events that
/// are in no list any more it forgets the ids once there are many.
Result<std::string> unseen_events(const std::string& json, std::set<std::string>* seen);

/// One service of the agent itself. No type of the command, but one of the configuration.
WatchQuery plan_agent_service(const std::string& id);

/// Errors: unknown type, a flag that the type does not know, a missing or contradictory one.
Result<WatchQuery> plan_watch(const ParsedFlags& flags);

}  // namespace conclave::cli
