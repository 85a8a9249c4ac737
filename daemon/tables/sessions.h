#pragma once

/// The session table and its indexes by node and by health check.

#include <optional>
#include <string>
#include <string_view>
#include <tuple>

#include "api/model/field.h"
#include "api/model/kv.h"
#include "daemon/store/rows.h"

namespace conclave::daemon {

/// What an index row holds: the session's id.
struct SessionRef {
  std::string id;
  static constexpr auto fields() { return std::tuple{api::field(1, "ID", &SessionRef::id)}; }
};

std::string session_key(std::string_view id);
std::string session_by_node_key(std::string_view node, std::string_view id);
std::string session_by_check_key(std::string_view node, std::string_view check,
                                 std::string_view id);

std::optional<api::Session> find_session(const ReadRows& rows, std::string_view id);
/// All sessions, by id.
void visit_sessions(const ReadRows& rows, FunctionRef<bool(const api::Session&)> visit);
/// The sessions of a node, by id.
void visit_node_sessions(const ReadRows& rows, std::string_view node,
                         FunctionRef<bool(const api::Session&)> visit);
/// Ids of the sessions that end with a check of a node.
void visit_check_sessions(const ReadRows& rows, std::string_view node, std::string_view check,
                          FunctionRef<bool(const SessionRef&)> visit);

}  // namespace conclave::daemon
