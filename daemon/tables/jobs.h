#pragma once

/// Removals that were too large for one command and go on in ContinueJob commands (design section
/// 3).

#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "api/model/field.h"

namespace conclave::daemon {

enum class RemovalKind : std::uint8_t {
  key_tree = 0,         ///< KV entries below the prefix `name`.
  session_keys = 1,     ///< What the ended session `name` held.
  check_sessions = 2,   ///< Sessions that end with the check `second` of node `name`.
  check = 3,            ///< The check `second` of node `name`, with its sessions.
  service = 4,          ///< The instance `second` on node `name`, with its checks.
  node = 5,             ///< The node `name` with all it has.
  session_queries = 6,  ///< Prepared queries of the ended session `name`.
};

}  // namespace conclave::daemon

template <>
inline constexpr std::uint64_t conclave::api::enum_end<conclave::daemon::RemovalKind> = 7;

namespace conclave::daemon {

/// One thing to remove. It concerns only objects not newer than revision `begun`: what was written
/// while the removal went on stays.
struct Removal {
  RemovalKind kind = RemovalKind::key_tree;
  std::string name;
  std::string second;
  std::uint64_t begun = 0;
  std::string cursor;          ///< key_tree: row key at which to go on.
  std::string behavior;        ///< session_keys: the session's.
  std::uint64_t until_ms = 0;  ///< session_keys: end of the lock-delay, 0 = none.

  static constexpr auto fields() {
    using api::field;
    return std::tuple{
        field(1, "Kind", &Removal::kind),     field(2, "Name", &Removal::name),
        field(3, "Second", &Removal::second), field(4, "Begun", &Removal::begun),
        field(5, "Cursor", &Removal::cursor), field(6, "Behavior", &Removal::behavior),
        field(7, "Until", &Removal::until_ms)};
  }
};

/// What one command left over, to be done from the back.
struct JobRow {
  std::uint64_t id = 0;  ///< The revision of the command that began it.
  std::vector<Removal> removals;

  static constexpr auto fields() {
    return std::tuple{api::field(1, "ID", &JobRow::id),
                      api::field(2, "Removals", &JobRow::removals)};
  }
};

std::string job_key(std::uint64_t id);

}  // namespace conclave::daemon
