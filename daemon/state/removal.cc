#include "daemon/state/removal.h"

#include <optional>
#include <string>
#include <utility>

#include "daemon/state/check.h"
#include "daemon/state/kv.h"
#include "daemon/state/node.h"
#include "daemon/state/prepared_query.h"
#include "daemon/state/service.h"
#include "daemon/state/session.h"
#include "daemon/tables/checks.h"
#include "daemon/tables/kv.h"
#include "daemon/tables/nodes.h"
#include "daemon/tables/prepared_queries.h"
#include "daemon/tables/row.h"
#include "daemon/tables/services.h"
#include "daemon/tables/sessions.h"

namespace conclave::daemon {
namespace {

/// Objects taken at a time: a scan's visitor must not change rows.
constexpr std::size_t slice = removal_slice;

// Each function removes a slice, or puts smaller removals on top of the unfinished one.

void remove_key_tree(Step& step, Removal removal) {
  struct Found {
    std::string key;
    std::string session;
  };
  std::vector<Found> found;
  std::string next;
  std::size_t visited = 0;
  visit_kv_rows(step.rows(), removal.name, removal.cursor,
                [&](std::string_view row_key, const KvView& entry) {
                  if (++visited > command_rows_max || found.size() == slice) {
                    next = row_key;
                    return false;
                  }
                  if (entry.modify_index <= removal.begun) {
                    found.push_back({std::string(entry.key), std::string(entry.session)});
                  }
                  return true;
                });
  if (!next.empty()) {
    removal.cursor = next;
    step.pending().push_back(std::move(removal));
  }
  for (const Found& entry : found) erase_entry(step, entry.key, entry.session);
}

void remove_session_keys(Step& step, Removal removal) {
  std::vector<std::string> keys;
  visit_rows<KeyRow>(step.rows(), name_key(Table::kv_by_session, removal.name),
                     [&](const KeyRow& row) {
                       keys.push_back(row.key);
                       return keys.size() < slice;
                     });
  if (keys.size() == slice) step.pending().push_back(removal);
  for (const std::string& key : keys) {
    if (removal.behavior == "delete") {
      erase_entry(step, key, removal.name);
    } else {
      release_entry(step, key);
    }
    if (removal.until_ms != 0) arm_lock_delay(step, key, removal.until_ms);
  }
}

void remove_session_queries(Step& step, Removal removal) {
  std::vector<std::string> ids;
  visit_session_queries(step.rows(), removal.name, [&](const QueryRef& ref) {
    ids.push_back(ref.id);
    return ids.size() < slice;
  });
  if (ids.size() == slice) step.pending().push_back(std::move(removal));
  for (const std::string& id : ids) {
    if (const auto query = find_query(step.rows(), id)) erase_query(step, *query);
  }
}

void remove_sessions(Step& step, const std::vector<std::string>& ids) {
  for (const std::string& id : ids) end_session(step, id);
}

void remove_check_sessions(Step& step, Removal removal) {
  std::vector<std::string> ids;
  visit_check_sessions(step.rows(), removal.name, removal.second, [&](const SessionRef& ref) {
    const auto session = find_session(step.rows(), ref.id);
    if (session && session->create_index <= removal.begun) ids.push_back(ref.id);
    return ids.size() < slice;
  });
  if (ids.size() == slice) step.pending().push_back(std::move(removal));
  remove_sessions(step, ids);
}

void remove_check(Step& step, const Removal& removal) {
  const auto check = find_check(step.rows(), removal.name, removal.second);
  if (!check || check->modify_index > removal.begun) return;
  erase_check(step, *check);
  step.pending().push_back({.kind = RemovalKind::check_sessions,
                            .name = removal.name,
                            .second = removal.second,
                            .begun = step.revision()});
}

/// What hangs on something that is to be removed: ids not newer than the removal, up to a slice.
struct Dependents {
  std::uint64_t begun;
  std::vector<std::string> ids = {};
  bool has_newer = false;

  bool note(const std::string& id, std::uint64_t index) {
    if (index > begun) {
      has_newer = true;
    } else {
      ids.push_back(id);
    }
    return ids.size() < slice;
  }
};

/// Leaves `removal` for later and puts the removals of its dependents on top.
void remove_first(Step& step, Removal removal, RemovalKind kind, std::vector<std::string> ids) {
  const std::string node = removal.name;
  const std::uint64_t begun = removal.begun;
  step.pending().push_back(std::move(removal));
  for (std::string& id : ids) {
    step.pending().push_back({.kind = kind, .name = node, .second = std::move(id), .begun = begun});
  }
}

/// Checks first, then the instance, unless something newer is on it.
void remove_service(Step& step, Removal removal) {
  const auto service = find_service(step.rows(), removal.name, removal.second);
  if (!service || service->modify_index > removal.begun) return;
  Dependents checks{removal.begun};
  visit_service_checks(step.rows(), removal.name, removal.second,
                       [&](const api::HealthCheck& check) {
                         return checks.note(check.check_id, check.modify_index);
                       });
  if (!checks.ids.empty()) {
    return remove_first(step, std::move(removal), RemovalKind::check, std::move(checks.ids));
  }
  if (!checks.has_newer) erase_service(step, removal.name, *service);
}

/// Services first, then checks, then sessions, then the node, unless something newer is on it.
void remove_node(Step& step, Removal removal) {
  const auto node = find_node(step.rows(), removal.name);
  if (!node) return;
  Dependents services{removal.begun};
  visit_node_services(step.rows(), removal.name, [&](const api::NodeService& service) {
    return services.note(service.id, service.modify_index);
  });
  if (!services.ids.empty()) {
    return remove_first(step, std::move(removal), RemovalKind::service, std::move(services.ids));
  }
  Dependents checks{removal.begun};
  visit_node_checks(step.rows(), removal.name, [&](const api::HealthCheck& check) {
    return checks.note(check.check_id, check.modify_index);
  });
  if (!checks.ids.empty()) {
    return remove_first(step, std::move(removal), RemovalKind::check, std::move(checks.ids));
  }
  Dependents sessions{removal.begun};
  visit_node_sessions(step.rows(), removal.name, [&](const api::Session& session) {
    return sessions.note(session.id, session.create_index);
  });
  if (!sessions.ids.empty()) {
    step.pending().push_back(std::move(removal));
    return remove_sessions(step, sessions.ids);
  }
  const bool has_newer = services.has_newer || checks.has_newer || sessions.has_newer;
  if (!has_newer && node->modify_index <= removal.begun) erase_node(step, *node);
}

void run_one(Step& step, Removal removal) {
  switch (removal.kind) {
    case RemovalKind::key_tree:
      return remove_key_tree(step, std::move(removal));
    case RemovalKind::session_keys:
      return remove_session_keys(step, std::move(removal));
    case RemovalKind::session_queries:
      return remove_session_queries(step, std::move(removal));
    case RemovalKind::check_sessions:
      return remove_check_sessions(step, std::move(removal));
    case RemovalKind::check:
      return remove_check(step, removal);
    case RemovalKind::service:
      return remove_service(step, std::move(removal));
    case RemovalKind::node:
      return remove_node(step, std::move(removal));
  }
}

}  // namespace

void run_removals(Step& step) {
  while (!step.pending().empty() && step.has_room()) {
    Removal removal = std::move(step.pending().back());
    step.pending().pop_back();
    run_one(step, std::move(removal));
  }
}

}  // namespace conclave::daemon
