// Removals beyond the row limit of one command.

#include "daemon/state/job.h"

#include "daemon/tables/nodes.h"
#include "daemon/tables/services.h"
#include "daemon/tables/sessions.h"
#include "tests/unit/daemon_state/machine.h"

namespace conclave::daemon {
namespace {

/// Counts the rows that a command writes.
class CountingRows final : public Rows {
 public:
  explicit CountingRows(Rows& below) : below_(below) {}
  std::optional<std::string_view> get(std::string_view key) const override {
    return below_.get(key);
  }
  void scan(std::string_view from, Visitor visit) const override { below_.scan(from, visit); }
  void put(std::string_view key, std::string_view row) override {
    ++writes;
    below_.put(key, row);
  }
  void erase(std::string_view key) override {
    ++writes;
    below_.erase(key);
  }
  std::size_t writes = 0;

 private:
  Rows& below_;
};

class Jobs : public Machine {
 protected:
  void fill(const std::string& prefix, int count) {
    for (int i = 0; i < count; ++i) set(prefix + std::to_string(i), "x");
  }
};

TEST_F(Jobs, large_tree_is_removed_in_parts) {
  fill("t/", 3000);
  set("u", "stays");
  const Outcome outcome = kv(KvVerb::remove_tree, "t/");
  EXPECT_TRUE(outcome.done);
  EXPECT_NE(outcome.job, 0u);
  EXPECT_EQ(open_jobs(rows), (std::vector<std::uint64_t>{outcome.job}));
  EXPECT_GT(finish(outcome), 3);
  EXPECT_EQ(keys(), (std::vector<std::string>{"u"}));
  EXPECT_TRUE(open_jobs(rows).empty());
}

TEST_F(Jobs, no_part_touches_more_rows_than_a_command_may) {
  node("n");
  session("s", "n", "delete", std::chrono::seconds(15));
  for (int i = 0; i < 3000; ++i) lock("t/" + std::to_string(i), "s");
  Command command{.body = Deregister{.node = "n"}};
  int parts = 0;
  for (std::uint64_t job = 1; job != 0; ++parts) {
    CountingRows counted(rows);
    job = apply(command, {.cluster_time_ms = now_ms}, counted, changes).job;
    EXPECT_LE(counted.writes, command_rows_max);
    command.body = ContinueJob{job};
  }
  EXPECT_GT(parts, 3);
  EXPECT_TRUE(keys().empty());
  EXPECT_FALSE(find_session(rows, "s"));
  EXPECT_FALSE(find_node(rows, "n"));
}

TEST_F(Jobs, what_is_written_while_a_removal_goes_on_stays) {
  fill("t/", 3000);
  const Outcome outcome = kv(KvVerb::remove_tree, "t/");
  set("t/9999", "new");
  set("t/999", "changed");
  finish(outcome);
  EXPECT_EQ(keys(), (std::vector<std::string>{"t/999", "t/9999"}));
}

TEST_F(Jobs, session_with_many_locks_is_gone_at_once_and_its_locks_follow) {
  node("n");
  session("s", "n");
  session("t", "n");
  for (int i = 0; i < 2000; ++i) lock("k" + std::to_string(i), "s");
  const Outcome outcome = end("s");
  EXPECT_FALSE(find_session(rows, "s"));
  EXPECT_NE(outcome.job, 0u);
  EXPECT_FALSE(lock("k0", "s").error.empty());
  finish(outcome);
  for (int i = 0; i < 2000; ++i) EXPECT_EQ(entry("k" + std::to_string(i)).session, "");
  EXPECT_TRUE(lock("k0", "t").done);
}

TEST_F(Jobs, node_with_many_services_is_removed_in_parts) {
  node("n");
  for (int i = 0; i < 800; ++i) {
    service("n", "web", "web" + std::to_string(i));
    check("n", "c" + std::to_string(i), "passing", "web" + std::to_string(i));
  }
  service("n", "late");
  const Outcome outcome = run(Deregister{.node = "n"});
  EXPECT_NE(outcome.job, 0u);
  EXPECT_TRUE(find_node(rows, "n"));
  finish(outcome);
  EXPECT_FALSE(find_node(rows, "n"));
  EXPECT_NE(meta().service_extinction_index, 0u);
  std::size_t left = 0;
  visit_all_instances(rows, [&](const ServiceRef&) { return ++left > 0; });
  EXPECT_EQ(left, 0u);
}

TEST_F(Jobs, check_with_many_sessions_ends_them_all) {
  node("n");
  check("n", "serfHealth", "passing");
  for (int i = 0; i < 1500; ++i)
    session("s" + std::to_string(i), "n", "release", {}, {"serfHealth"});
  const Outcome outcome = check("n", "serfHealth", "critical");
  EXPECT_NE(outcome.job, 0u);
  finish(outcome);
  std::size_t left = 0;
  visit_sessions(rows, [&](const api::Session&) { return ++left > 0; });
  EXPECT_EQ(left, 0u);
}

TEST_F(Jobs, finished_or_unknown_job_is_done) {
  const MemoryRows before = rows;
  EXPECT_EQ(run(ContinueJob{77}), (Outcome{.done = true, .revision = 1}));
  EXPECT_EQ(rows, before);
}

}  // namespace
}  // namespace conclave::daemon
