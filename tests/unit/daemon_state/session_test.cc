// Sessions: contract 5.1 and 5.3, traps of section 20.

#include "daemon/state/session.h"

#include "daemon/tables/sessions.h"
#include "tests/unit/daemon_state/machine.h"

namespace conclave::daemon {
namespace {

class Sessions : public Machine {
 protected:
  Sessions() {
    node("n");
    check("n", "serfHealth", "passing");
  }
  bool lives(const std::string& id) { return find_session(rows, id).has_value(); }
};

TEST_F(Sessions, create_stores_it_and_announces_it_to_the_timers) {
  const Outcome outcome = run(SessionCreate{.session = {.id = "s", .node = "n", .ttl = "15s"}});
  EXPECT_TRUE(outcome.done);
  const auto session = find_session(rows, "s");
  ASSERT_TRUE(session);
  EXPECT_EQ(session->behavior, "release");
  EXPECT_EQ(session->create_index, outcome.revision);
  EXPECT_EQ(session->modify_index, outcome.revision);
  EXPECT_EQ(meta().sessions_index, outcome.revision);
  EXPECT_TRUE(woke(TopicKind::sessions));
  ASSERT_EQ(changes.sessions_began.size(), 1u);
  EXPECT_EQ(changes.sessions_began[0].id, "s");
  EXPECT_EQ(changes.sessions_began[0].ttl, "15s");
}

struct RefusedCreate {
  api::Session session;
  const char* error;
};

TEST_F(Sessions, trap_18_create_is_refused_with_exact_texts) {
  check("n", "bad", "critical");
  session("there", "n");
  const MemoryRows before = rows;
  const RefusedCreate cases[] = {
      {{.id = "s", .node = "elsewhere"}, "Missing node registration"},
      {{.id = "s", .node = "n", .behavior = "explode"}, "Invalid Behavior setting 'explode'"},
      {{.id = "s", .node = "n", .ttl = "x"},
       "Session TTL 'x' invalid: time: invalid duration \"x\""},
      {{.id = "s", .node = "n", .node_checks = {"none"}}, "Missing check 'none' registration"},
      {{.id = "s", .node = "n", .node_checks = {"serfHealth", "bad"}},
       "Check 'bad' is in critical state"},
      {{.id = "s", .node = "n", .service_checks = {{.id = "none", .name_space = ""}}},
       "Missing check 'none' registration"},
      {{.id = "there", .node = "n"}, "Session 'there' exists"},
      {{.id = "", .node = "n"}, "Must provide session ID"},
  };
  for (const RefusedCreate& c : cases) {
    const Outcome outcome = run(SessionCreate{.session = c.session});
    EXPECT_EQ(outcome.error, c.error);
    EXPECT_FALSE(outcome.done);
    EXPECT_EQ(rows, before) << c.error;
    EXPECT_TRUE(changes.sessions_began.empty());
  }
}

TEST_F(Sessions, node_and_checks_are_found_without_case) {
  EXPECT_TRUE(session("s", "N", "release", {}, {"SERFHEALTH"}).done);
  check("n", "serfHealth", "critical");
  EXPECT_FALSE(lives("s"));
}

TEST_F(Sessions, end_releases_what_it_held_and_keeps_values_and_counters) {
  session("s", "n");
  lock("a", "s", "v");
  lock("b", "s");
  const Outcome outcome = end("s");
  EXPECT_TRUE(outcome.done);
  EXPECT_EQ(outcome.job, 0u);
  EXPECT_FALSE(lives("s"));
  EXPECT_EQ(entry("a").session, "");
  EXPECT_EQ(entry("a").value.data, "v");
  EXPECT_EQ(entry("a").lock_index, 1u);
  EXPECT_EQ(entry("a").modify_index, outcome.revision);
  EXPECT_EQ(entry("b").modify_index, outcome.revision);
  EXPECT_EQ(changes.sessions_ended, (std::vector<std::string>{"s"}));
  EXPECT_TRUE(woke(TopicKind::key, "a"));
  EXPECT_TRUE(woke(TopicKind::sessions));
}

TEST_F(Sessions, end_with_behavior_delete_removes_what_it_held) {
  session("s", "n", "delete", std::chrono::seconds(15));
  lock("dir/a", "s");
  const Outcome outcome = end("s");
  EXPECT_FALSE(exists("dir/a"));
  EXPECT_EQ(newest_tombstone(rows, "dir/"), outcome.revision);
  session("t", "n");
  EXPECT_FALSE(lock("dir/a", "t").done);
}

TEST_F(Sessions, end_of_an_unknown_session_is_true_and_changes_nothing) {
  const MemoryRows before = rows;
  EXPECT_TRUE(end("nobody").done);
  EXPECT_EQ(rows, before);
}

TEST_F(Sessions, end_leaves_no_row_behind) {
  const MemoryRows before = rows;
  session("s", "n", "release", {}, {"serfHealth"});
  end("s");
  std::size_t left = 0;
  rows.scan("", [&](std::string_view key, std::string_view) {
    if (!before.get(key) && key[0] != static_cast<char>(Table::changes)) ++left;
    return true;
  });
  EXPECT_EQ(left, 0u);
}

struct Cause {
  const char* what;
  CommandBody command;
  bool ends;
};

TEST_F(Sessions, sessions_end_with_their_checks_and_nodes) {
  auto register_check = [](const char* id, const char* status) {
    return Register{.node = {.node = "n"},
                    .skip_node_update = true,
                    .checks = {{.check_id = id, .status = status}}};
  };
  const Cause causes[] = {
      {"check critical", register_check("serfHealth", "critical"), true},
      {"check warning", register_check("serfHealth", "warning"), false},
      {"other check critical", register_check("other", "critical"), false},
      {"check removed", Deregister{.node = "n", .check_id = "serfHealth"}, true},
      {"other check removed", Deregister{.node = "n", .check_id = "other"}, false},
      {"node removed", Deregister{.node = "n"}, true},
      {"other node removed", Deregister{.node = "m"}, false},
  };
  const MemoryRows before = rows;
  for (const Cause& cause : causes) {
    rows = before;
    node("m");
    check("n", "other", "passing");
    session("s", "n", "release", {}, {"serfHealth"});
    lock("k", "s");
    const Outcome outcome = run(cause.command);
    EXPECT_TRUE(outcome.done) << cause.what;
    EXPECT_EQ(lives("s"), !cause.ends) << cause.what;
    EXPECT_EQ(entry("k").session, cause.ends ? "" : "s") << cause.what;
    EXPECT_EQ(changes.sessions_ended.size(), cause.ends ? 1u : 0u) << cause.what;
  }
}

TEST_F(Sessions, trap_09_session_without_checks_lives_when_health_is_lost) {
  session("s", "n");
  check("n", "serfHealth", "critical");
  EXPECT_TRUE(lives("s"));
}

TEST_F(Sessions, session_hangs_on_service_checks_too) {
  service("n", "web");
  check("n", "web-check", "passing", "web");
  run(SessionCreate{.session = {.id = "s",
                                .node = "n",
                                .service_checks = {{.id = "web-check", .name_space = ""}}}});
  run(Deregister{.node = "n", .service_id = "web"});
  EXPECT_FALSE(lives("s"));
}

TEST_F(Sessions, node_that_is_not_registered_any_more_takes_its_sessions_along) {
  session("s", "n");
  session("t", "n");
  run(Deregister{.node = "n"});
  EXPECT_FALSE(lives("s"));
  EXPECT_FALSE(lives("t"));
}

TEST_F(Sessions, new_leader_is_told_of_all_that_live) {
  run(SessionCreate{.session = {.id = "a", .node = "n", .ttl = "10s"}});
  session("b", "n");
  end("b");
  const auto live = live_sessions(rows);
  ASSERT_EQ(live.size(), 1u);
  EXPECT_EQ(live[0].id, "a");
  EXPECT_EQ(live[0].ttl, "10s");
}

TEST_F(Sessions, sessions_are_listed_by_node) {
  node("m");
  session("b", "n");
  session("a", "N");
  session("c", "m");
  std::vector<std::string> ids;
  visit_node_sessions(rows, "n", [&](const api::Session& session) {
    ids.push_back(session.id);
    return true;
  });
  EXPECT_EQ(ids, (std::vector<std::string>{"a", "b"}));
}

}  // namespace
}  // namespace conclave::daemon
