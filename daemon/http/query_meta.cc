#include "daemon/http/query_meta.h"

#include <string_view>

namespace conclave::daemon {

namespace {

std::string_view name_of(api::ConsistencyMode mode) {
  switch (mode) {
    case api::ConsistencyMode::consistent:
      return "consistent";
    case api::ConsistencyMode::stale:
      return "stale";
    case api::ConsistencyMode::standard:
      break;
  }
  return "leader";
}

}  // namespace

void add_query_meta(api::JsonObject& object, std::uint64_t index, const ReadTurn& turn) {
  constexpr std::uint64_t nanoseconds_per_ms = 1'000'000;  // LastContact is a Go duration.
  object.add("Index", index)
      .add("LastContact", turn.permit.last_contact_ms * nanoseconds_per_ms)
      .add("KnownLeader", turn.permit.known_leader)
      .add("ConsistencyLevel", name_of(turn.options.mode))
      .add("NotModified", false)
      .add_raw("Backend", "0")
      .add("ResultsFilteredByACLs", false);
}

}  // namespace conclave::daemon
