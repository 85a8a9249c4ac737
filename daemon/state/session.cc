#include "daemon/state/session.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/core/duration.h"
#include "daemon/state/removal.h"
#include "daemon/tables/checks.h"
#include "daemon/tables/key.h"
#include "daemon/tables/nodes.h"
#include "daemon/tables/prepared_queries.h"
#include "daemon/tables/row.h"
#include "daemon/tables/sessions.h"

namespace conclave::daemon {
namespace {

constexpr std::string_view behavior_release = "release";
constexpr std::string_view behavior_delete = "delete";
/// Longer lock-delays count as this (contract 5.1).
constexpr Nanos lock_delay_max = std::chrono::seconds(60);

/// Ids of all checks whose health the session's life hangs on.
std::set<std::string> checks_of(const api::Session& session) {
  std::set<std::string> ids(session.node_checks.begin(), session.node_checks.end());
  for (const api::SessionServiceCheck& check : session.service_checks) ids.insert(check.id);
  return ids;
}

/// Why the session cannot be created; "" = it can.
std::string objection(const Step& step, const api::Session& session) {
  if (session.id.empty()) return "Must provide session ID";
  if (find_session(step.rows(), session.id)) return "Session '" + session.id + "' exists";
  if (session.behavior != behavior_release && session.behavior != behavior_delete) {
    return "Invalid Behavior setting '" + session.behavior + "'";
  }
  if (!session.ttl.empty()) {
    const auto ttl = parse_duration(session.ttl);
    if (!ttl) return "Session TTL '" + session.ttl + "' invalid: " + ttl.error().message;
  }
  if (!find_node(step.rows(), session.node)) return "Missing node registration";
  for (const std::string& id : checks_of(session)) {
    const auto check = find_check(step.rows(), session.node, id);
    if (!check) return "Missing check '" + id + "' registration";
    if (check->status == "critical") return "Check '" + id + "' is in critical state";
  }
  return {};
}

std::uint64_t lock_delay_end(const Step& step, const api::Session& session) {
  const Nanos delay = std::min(session.lock_delay, lock_delay_max);
  if (delay <= Nanos::zero()) return 0;
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(delay).count();
  return step.now_ms() + static_cast<std::uint64_t>(ms);
}

}  // namespace

Outcome apply_session_create(const SessionCreate& command, const ApplyTime& time, Rows& rows,
                             ChangeSet& changes) {
  Step step(rows, time);
  api::Session session = command.session;
  if (session.behavior.empty()) session.behavior = behavior_release;
  Outcome outcome;
  outcome.error = objection(step, session);
  if (outcome.error.empty()) {
    session.create_index = session.modify_index = step.revision();
    step.put_object(TopicKind::sessions, session.id, session_key(session.id),
                    api::encode_record(session));
    step.put_record(session_by_node_key(session.node, session.id), SessionRef{session.id});
    for (const std::string& check : checks_of(session)) {
      step.put_record(session_by_check_key(session.node, check, session.id),
                      SessionRef{session.id});
    }
    step.meta().sessions_index = step.revision();
    step.touch(TopicKind::sessions);
    step.session_began(session);
    outcome.done = true;
    outcome.created = session.id;
  }
  return step.finish(std::move(outcome), changes);
}

void end_session(Step& step, const std::string& id) {
  const auto session = find_session(step.rows(), id);
  if (!session) return;
  step.erase_object(TopicKind::sessions, id, session_key(id));
  step.erase(session_by_node_key(session->node, id));
  for (const std::string& check : checks_of(*session)) {
    step.erase(session_by_check_key(session->node, check, id));
  }
  step.meta().sessions_index = step.revision();
  step.touch(TopicKind::sessions);
  step.session_ended(id);
  step.pending().push_back({.kind = RemovalKind::session_keys,
                            .name = id,
                            .begun = step.revision(),
                            .behavior = session->behavior,
                            .until_ms = lock_delay_end(step, *session)});
  visit_session_queries(step.rows(), id, [&](const QueryRef&) {
    step.pending().push_back(
        {.kind = RemovalKind::session_queries, .name = id, .begun = step.revision()});
    return false;
  });
}

Outcome apply_session_end(const SessionEnd& command, const ApplyTime& time, Rows& rows,
                          ChangeSet& changes) {
  Step step(rows, time);
  end_session(step, command.id);
  run_removals(step);
  return step.finish(Outcome{.done = true}, changes);
}

std::vector<ChangeSet::SessionBegan> live_sessions(const ReadRows& rows) {
  std::vector<ChangeSet::SessionBegan> live;
  visit_sessions(rows, [&](const api::Session& session) {
    live.push_back({session.id, session.ttl});
    return true;
  });
  return live;
}

}  // namespace conclave::daemon
