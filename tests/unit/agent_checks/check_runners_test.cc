// Oracle: contract 7.1 to 7.3.

#include "agent/checks/check_runners.h"

#include <gtest/gtest.h>

#include "tests/unit/agent_checks/target.h"
#include "tests/unit/agent_local/fixture.h"

namespace conclave::agent {
namespace {

using namespace std::chrono_literals;

class Runners : public testing::Test {
 protected:
  Runners() : local(loop, clock, options(), Rng(1)) {}

  static LocalOptions options() {
    LocalOptions given = local_options();
    given.scripts.everybody = true;
    return given;
  }
  void register_service(std::string name, std::vector<api::CheckDefinition> checks) {
    const auto done =
        local.register_service(service_definition(std::move(name), std::move(checks)), Origin::api);
    ASSERT_TRUE(done.has_value()) << done.error().message;
  }
  const api::HealthCheck& row(const std::string& id) { return local.image().checks.at(id).check; }
  bool becomes(const std::string& id, const std::string& status) {
    return turn_until(loop, [&] { return row(id).status == status; });
  }

  Loop loop{"agent"};
  HandClock clock;
  LocalState local;
  NodeLookup lookup = [this](std::string node) { return look_up(this, std::move(node)); };
  static Task<Result<CatalogImage>> look_up(Runners* self, std::string node) {
    static_cast<void>(node);
    co_return self->remote;
  }
  Result<CatalogImage> remote{CatalogImage{}};
  CheckRunners runners{loop, clock, local, lookup, Rng(2)};
};

TEST_F(Runners, an_http_check_follows_its_target) {
  Target target(loop);
  api::CheckDefinition check;
  check.http = target.url();
  check.interval = 1s;
  register_service("web", {check});
  EXPECT_EQ(row("service:web").status, "critical");
  EXPECT_TRUE(becomes("service:web", "passing"));
  target.close();
  EXPECT_TRUE(becomes("service:web", "critical"));
  EXPECT_TRUE(row("service:web").output.contains("connection refused"));
}

TEST_F(Runners, tcp_and_script_checks_run_too) {
  Target target(loop);
  api::CheckDefinition tcp;
  tcp.tcp = target.host_port();
  tcp.interval = 1s;
  api::CheckDefinition script;
  script.args = {"/bin/sh", "-c", "echo warm; exit 1"};
  script.interval = 1s;
  register_service("web", {tcp, script});
  EXPECT_TRUE(becomes("service:web:1", "passing"));
  EXPECT_TRUE(becomes("service:web:2", "warning"));
  EXPECT_EQ(row("service:web:2").output, "warm\n");
  EXPECT_EQ(runners.monitors(), 1u);
}

TEST_F(Runners, what_speaks_udp_http2_and_with_systemd_runs_too) {
  Target target(loop);
  const std::string gone = target.host_port();
  target.close();
  std::vector<api::CheckDefinition> checks(4);
  checks[0].udp = gone;
  checks[1].grpc = gone + "/web";
  checks[2].h2ping = gone;
  checks[3].os_service = "no such unit";
  for (api::CheckDefinition& check : checks) check.interval = 1s;
  register_service("web", checks);
  const std::vector<std::string> outputs = {"read udp " + gone, "rpc error: code = Unavailable",
                                            "Failed to dial to " + gone,
                                            "Service \"no such unit\""};
  for (std::size_t index = 0; index < outputs.size(); ++index) {
    const std::string id = "service:web:" + std::to_string(index + 1);
    const auto has_run = [&] { return row(id).output.starts_with(outputs[index]); };
    EXPECT_TRUE(turn_until(loop, has_run)) << id << ": " << row(id).output;
    EXPECT_EQ(row(id).status, "critical");
  }
}

TEST_F(Runners, a_removed_check_runs_no_more) {
  Target target(loop);
  api::CheckDefinition check = ttl_definition();
  check = {};
  check.tcp = target.host_port();
  check.interval = 1s;
  register_service("web", {check});
  ASSERT_TRUE(becomes("service:web", "passing"));
  const std::size_t before = target.requests().size();
  ASSERT_TRUE(local.remove_service("web").has_value());
  loop.run_ready();
  EXPECT_LE(target.requests().size(), before + 1);
  EXPECT_TRUE(local.checks().empty());
}

TEST_F(Runners, a_ttl_check_takes_reports) {
  register_service("web", {ttl_definition()});
  ASSERT_TRUE(runners.report("service:web", CheckStatus::passing, "note").has_value());
  EXPECT_EQ(row("service:web").status, "passing");
  EXPECT_EQ(row("service:web").output, "note");
  ASSERT_TRUE(runners.report("service:web", CheckStatus::warning, "").has_value());
  EXPECT_EQ(row("service:web").status, "warning");
  EXPECT_EQ(runners.ttls(), 1u);
}

TEST_F(Runners, a_report_is_cut_at_the_limit) {
  register_service("web", {ttl_definition()});
  ASSERT_TRUE(
      runners.report("service:web", CheckStatus::passing, std::string(5000, 'x')).has_value());
  EXPECT_EQ(row("service:web").output,
            std::string(4096, 'x') + " ... (captured 4096 of 5000 bytes)");
  api::CheckDefinition small = ttl_definition();
  small.output_max_size = 3;
  register_service("db", {small});
  ASSERT_TRUE(runners.report("service:db", CheckStatus::passing, "abcd").has_value());
  EXPECT_EQ(row("service:db").output, "abc ... (captured 3 of 4 bytes)");
}

TEST_F(Runners, reports_of_unknown_and_of_other_checks_are_told_apart) {
  EXPECT_EQ(runners.report("x", CheckStatus::passing, "").error(),
            (Error{ErrorCode::not_found,
                   "Unknown check ID \"x\". Ensure that the check ID is passed, not the check "
                   "name."}));
  ASSERT_TRUE(local.enable_maintenance("", "").has_value());
  EXPECT_EQ(
      runners.report("_node_maintenance", CheckStatus::passing, "").error(),
      (Error{ErrorCode::failed, "CheckID \"_node_maintenance\" does not have associated TTL"}));
}

class Ttl : public testing::Test {
 protected:
  void start(std::string last) {
    runner = std::make_shared<TtlRunner>(loop, system_clock(), 30ms, std::move(last),
                                         [this](CheckResult r) { published.push_back(r); });
    runner->start();
  }
  Loop loop{"agent"};
  std::vector<CheckResult> published;
  std::shared_ptr<TtlRunner> runner;
};

TEST_F(Ttl, runs_out_once_when_nobody_renews) {
  start("");
  ASSERT_TRUE(turn_until(loop, [&] { return !published.empty(); }));
  EXPECT_EQ(published[0], (CheckResult{CheckStatus::critical, "TTL expired"}));
  runner->renew("alive");
  ASSERT_TRUE(turn_until(loop, [&] { return published.size() == 2; }));
  EXPECT_EQ(published[1].output, "TTL expired (last output before timeout follows): alive");
  runner->stop();
}

TEST_F(Ttl, stopped_publishes_nothing) {
  start("");
  runner->stop();
  std::weak_ptr<TtlRunner> gone = runner;
  runner.reset();
  ASSERT_TRUE(turn_until(loop, [&] { return gone.expired(); }));
  EXPECT_TRUE(published.empty());
}

/// A runner whose probe says what the test tells it.
class Periodic : public testing::Test {
 protected:
  void start(Thresholds thresholds) {
    runner = std::make_shared<PeriodicRunner>(
        loop, PeriodicRunner::Times{0ms, 1ms}, thresholds, [this] { return probe(this); },
        [this](CheckResult r) { published.push_back(r); });
    runner->start();
  }
  static Task<CheckResult> probe(Periodic* self) {
    self->running += 1;
    self->overlapped = self->overlapped || self->running > 1;
    co_await sleep_for(self->loop, 2ms);
    self->running -= 1;
    self->runs += 1;
    co_return CheckResult{self->status, "run " + std::to_string(self->runs)};
  }
  Loop loop{"agent"};
  CheckStatus status = CheckStatus::passing;
  int runs = 0;
  int running = 0;
  bool overlapped = false;
  std::vector<CheckResult> published;
  std::shared_ptr<PeriodicRunner> runner;
};

TEST_F(Periodic, runs_follow_one_another_without_overlap) {
  start({});
  ASSERT_TRUE(turn_until(loop, [&] { return runs >= 5; }));
  EXPECT_FALSE(overlapped);
  EXPECT_EQ(published[0].output, "run 1");
  runner->stop();
}

TEST_F(Periodic, results_below_a_threshold_are_not_published) {
  start({0, 0, 1000000});
  ASSERT_TRUE(turn_until(loop, [&] { return published.size() >= 2; }));
  status = CheckStatus::critical;
  const int seen = runs;
  ASSERT_TRUE(turn_until(loop, [&] { return runs >= seen + 5; }));
  EXPECT_EQ(published.back().status, CheckStatus::passing);
  runner->stop();
}

TEST_F(Periodic, a_run_under_way_when_stopped_is_not_published) {
  start({});
  ASSERT_TRUE(turn_until(loop, [&] { return running == 1; }));
  runner->stop();
  const std::size_t before = published.size();
  ASSERT_TRUE(turn_until(loop, [&] { return running == 0; }));
  loop.run_ready();
  EXPECT_EQ(published.size(), before);
}

TEST_F(Runners, an_alias_follows_a_service_of_this_node) {
  register_service("db", {ttl_definition()});
  api::CheckDefinition alias;
  alias.name = "db alias";
  alias.alias_service = "db";
  ASSERT_TRUE(local.register_check(alias, Origin::api).has_value());
  ASSERT_TRUE(turn_until(loop, [&] { return !row("db alias").output.empty(); }));
  EXPECT_EQ(row("db alias").output, "Aliased check \"Service 'db' check\" failing: ");
  ASSERT_TRUE(runners.report("service:db", CheckStatus::passing, "ok").has_value());
  EXPECT_TRUE(becomes("db alias", "passing"));
  EXPECT_EQ(row("db alias").output, "All checks passing.");
  ASSERT_TRUE(local.remove_service("db").has_value());
  EXPECT_TRUE(becomes("db alias", "critical"));
  EXPECT_EQ(row("db alias").output, "Service db could not be found on node n1");
}

TEST_F(Runners, an_alias_of_another_node_asks_the_catalog) {
  api::CheckDefinition alias;
  alias.alias_node = "n2";
  alias.alias_service = "db";
  const auto ask = [&] { return result_of(loop, probe_remote_alias(lookup, alias)); };
  EXPECT_EQ(ask().output, "Service db could not be found on node n2");
  remote->services["db"] = {};
  EXPECT_EQ(ask(), (CheckResult{CheckStatus::passing, "No checks found."}));
  api::HealthCheck node_check;
  node_check.name = "mem";
  node_check.status = "warning";
  node_check.output = "full";
  remote->checks["mem"] = node_check;
  EXPECT_EQ(ask(), (CheckResult{CheckStatus::warning, "Aliased check \"mem\" failing: full"}));
  remote = fail(ErrorCode::no_leader, "No cluster leader");
  EXPECT_EQ(ask(), (CheckResult{CheckStatus::critical,
                                "Failure checking aliased node or service: No cluster leader"}));
}

TEST_F(Runners, a_service_that_is_critical_for_too_long_is_removed_with_its_checks) {
  api::CheckDefinition check = ttl_definition();
  check.deregister_critical_service_after = 2min;
  api::CheckDefinition patient = ttl_definition();
  register_service("web", {check, patient});
  clock.advance(2min);
  runners.reap();
  EXPECT_TRUE(local.services().contains("web"));
  clock.advance(1s);
  runners.reap();
  EXPECT_TRUE(local.services().empty());
  EXPECT_TRUE(local.checks().empty());
}

TEST_F(Runners, a_recovery_starts_the_removal_time_anew) {
  api::CheckDefinition check = ttl_definition();
  check.deregister_critical_service_after = 2min;
  register_service("web", {check});
  clock.advance(90s);
  ASSERT_TRUE(runners.report("service:web", CheckStatus::passing, "").has_value());
  ASSERT_TRUE(runners.report("service:web", CheckStatus::critical, "").has_value());
  clock.advance(90s);
  runners.reap();
  EXPECT_TRUE(local.services().contains("web"));
}

}  // namespace
}  // namespace conclave::agent
