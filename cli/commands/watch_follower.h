#pragma once

/// What one watch sees: of the answers to its query those that tell something new, in their order.
/// `watch` and the watches of the configuration have each their own way with them. Loop thread
/// only.

#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "cli/commands/agent_tasks.h"
#include "cli/commands/watch_types.h"

namespace conclave::cli {

class WatchFollower {
 public:
  /// Asks for at most `wait` at once.
  WatchFollower(AgentTasks agent, WatchQuery plan, Nanos wait)
      : agent_(agent), plan_(std::move(plan)), wait_(wait) {}

  struct News {
    std::uint64_t index = 0;
    std::string json;
  };
  /// What there is, at first; then what it has changed to. After an error the next call begins
  /// anew: whoever comes up again may have another history.
  Task<Result<News>> next();

 private:
  Task<Result<Found>> ask();
  std::optional<News> take(const Found& found, std::string json);

  AgentTasks agent_;
  const WatchQuery plan_;
  const Nanos wait_;
  std::uint64_t index_ = 0;
  std::string hash_;
  std::optional<std::string> shown_;
  std::set<std::string> seen_events_;  ///< Ids.
};

}  // namespace conclave::cli
