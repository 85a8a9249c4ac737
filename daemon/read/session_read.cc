#include "daemon/read/session_read.h"

#include <algorithm>
#include <utility>

#include "daemon/tables/meta.h"
#include "daemon/tables/sessions.h"

namespace conclave::daemon {

namespace {

SessionListing listing(const ReadRows& rows) {
  return {.sessions = {}, .index = std::max<std::uint64_t>(read_meta(rows).sessions_index, 1)};
}

}  // namespace

SessionListing read_session(const ReadRows& rows, std::string_view id) {
  SessionListing result = listing(rows);
  if (auto session = find_session(rows, id)) result.sessions.push_back(std::move(*session));
  return result;
}

SessionListing list_sessions(const ReadRows& rows) {
  SessionListing result = listing(rows);
  visit_sessions(rows, [&](const api::Session& session) {
    result.sessions.push_back(session);
    return true;
  });
  return result;
}

SessionListing list_node_sessions(const ReadRows& rows, std::string_view node) {
  SessionListing result = listing(rows);
  visit_node_sessions(rows, node, [&](const api::Session& session) {
    result.sessions.push_back(session);
    return true;
  });
  return result;
}

}  // namespace conclave::daemon
