#pragma once

/// Reads of sessions (contract 5.2). Their index is that of the session table.

#include <cstdint>
#include <string_view>
#include <vector>

#include "api/model/kv.h"
#include "daemon/store/rows.h"

namespace conclave::daemon {

struct SessionListing {
  std::vector<api::Session> sessions;
  std::uint64_t index = 0;
};

/// None or one.
SessionListing read_session(const ReadRows& rows, std::string_view id);
SessionListing list_sessions(const ReadRows& rows);
SessionListing list_node_sessions(const ReadRows& rows, std::string_view node);

}  // namespace conclave::daemon
