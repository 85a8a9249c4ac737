// Oracle: contract 6.1 (persistence), 6.2 (maintenance survives), 7.3 (TTL state), 16.3, 16.4
// (files and reload).

#include <gtest/gtest.h>

#include <fstream>

#include "agent/local/local_state.h"
#include "tests/unit/agent_local/fixture.h"

namespace conclave::agent {
namespace {

using namespace std::chrono_literals;

class LocalFiles : public testing::Test {
 protected:
  LocalFiles() { start(); }

  /// A new process on the same data directory.
  void start(const FileDefinitions& files = {}) {
    state = std::make_unique<LocalState>(loop, clock, local_options(directory.path()), Rng(1));
    const auto loaded = state->load(files);
    ASSERT_TRUE(loaded.has_value()) << loaded.error().message;
  }
  void register_web(std::vector<api::CheckDefinition> checks = {}) {
    const auto done =
        state->register_service(service_definition("web", std::move(checks)), Origin::api);
    ASSERT_TRUE(done.has_value()) << done.error().message;
  }
  const api::HealthCheck& row(const std::string& id) { return state->image().checks.at(id).check; }
  std::size_t files_in(const std::string& folder) {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& entry :
         std::filesystem::directory_iterator(directory.path() + "/agent/" + folder)) {
      count += 1;
    }
    return count;
  }

  /// A TTL check of ten seconds is said to pass.
  void beat(std::string output) {
    if (!state->checks().contains("service:web")) register_web({ttl_definition()});
    state->update_check("service:web", CheckStatus::passing, std::move(output));
    state->keep_state("service:web");
  }
  std::filesystem::path state_file() {
    return std::filesystem::directory_iterator(directory.path() + "/agent/check-state")->path();
  }
  std::string state_text() {
    std::ifstream file(state_file());
    return {std::istreambuf_iterator<char>(file), {}};
  }

  /// That said it passes when it was registered.
  static api::CheckDefinition http_definition() {
    api::CheckDefinition check;
    check.http = "http://127.0.0.1/";
    check.interval = 10s;
    check.status = "passing";
    return check;
  }

  TemporaryDirectory directory;
  Loop loop{"agent"};
  HandClock clock;
  std::unique_ptr<LocalState> state;
};

TEST_F(LocalFiles, registrations_survive_a_restart) {
  api::ServiceDefinition web = service_definition("web", {ttl_definition()});
  web.port = 80;
  web.tags = {"a"};
  web.weights = {3, 2};
  web.meta["k"] = "v";
  ASSERT_TRUE(state->register_service(web, Origin::api).has_value());
  const api::NodeService before = state->image().services.at("web").service;
  const api::CheckDefinition check = state->checks().at("service:web").definition;
  start();
  EXPECT_EQ(state->image().services.at("web").service, before);
  EXPECT_EQ(state->checks().at("service:web").definition, check);
  EXPECT_TRUE(state->image().unsynced_services.contains("web"));
}

TEST_F(LocalFiles, deregistrations_survive_a_restart) {
  register_web({ttl_definition()});
  ASSERT_TRUE(state->remove_service("web").has_value());
  start();
  EXPECT_TRUE(state->services().empty());
  EXPECT_TRUE(state->checks().empty());
  EXPECT_EQ(files_in("services") + files_in("checks") + files_in("check-state"), 0u);
}

TEST_F(LocalFiles, maintenance_survives_a_restart) {
  register_web();
  ASSERT_TRUE(state->enable_maintenance("web", "why").has_value());
  ASSERT_TRUE(state->enable_maintenance("", "").has_value());
  start();
  EXPECT_EQ(row("_service_maintenance:web").notes, "why");
  EXPECT_EQ(row("_service_maintenance:web").status, "critical");
  EXPECT_TRUE(state->checks().contains("_node_maintenance"));
}

TEST_F(LocalFiles, a_ttl_check_is_as_it_was_when_restarted_within_its_ttl) {
  register_web({ttl_definition()});
  state->update_check("service:web", CheckStatus::passing, "beat");
  state->keep_state("service:web");
  clock.advance(9s);
  start();
  EXPECT_EQ(row("service:web").status, "passing");
  EXPECT_EQ(row("service:web").output, "beat");
}

TEST_F(LocalFiles, a_ttl_check_is_critical_when_restarted_after_its_ttl) {
  register_web({ttl_definition()});
  state->update_check("service:web", CheckStatus::passing, "beat");
  state->keep_state("service:web");
  clock.advance(10s);
  start();
  EXPECT_EQ(row("service:web").status, "critical");
}

TEST_F(LocalFiles, a_ttl_state_from_the_future_is_not_believed) {
  register_web({ttl_definition()});
  state->update_check("service:web", CheckStatus::passing, "beat");
  state->keep_state("service:web");
  clock.wall -= 1h;
  start();
  EXPECT_EQ(row("service:web").status, "critical");
}

TEST_F(LocalFiles, a_ttl_check_goes_on_with_what_was_left_of_its_ttl) {
  api::CheckDefinition check = ttl_definition();
  check.status = "passing";
  register_web({check});
  clock.advance(4s);
  start();
  EXPECT_EQ(row("service:web").status, "passing");
  EXPECT_EQ(state->checks().at("service:web").expires_at, clock.boot + 6s);
}

TEST_F(LocalFiles, a_heartbeat_that_says_nothing_new_leaves_the_text_and_extends_the_state) {
  beat("alive");
  const std::string text = state_text();
  clock.advance(7s);
  beat("alive");
  EXPECT_EQ(state_text(), text);
  clock.advance(4s);
  start();
  EXPECT_EQ(row("service:web").status, "passing");
  EXPECT_EQ(state->checks().at("service:web").expires_at, clock.boot + 6s);
}

TEST_F(LocalFiles, a_state_that_was_extended_ends_too) {
  beat("alive");
  clock.advance(7s);
  beat("alive");
  clock.advance(10s);
  start();
  EXPECT_EQ(row("service:web").status, "critical");
}

TEST_F(LocalFiles, a_state_whose_modification_time_was_lost_is_good_for_as_long_as_it_says) {
  beat("alive");
  clock.advance(7s);
  beat("alive");
  std::filesystem::last_write_time(state_file(), std::filesystem::file_time_type::clock::now());
  clock.advance(2s);
  start();
  EXPECT_EQ(state->checks().at("service:web").expires_at, clock.boot + 1s);
}

TEST_F(LocalFiles, a_heartbeat_after_the_clock_was_set_back_is_believed) {
  beat("alive");
  clock.wall -= 1h;
  beat("alive");
  start();
  EXPECT_EQ(row("service:web").status, "passing");
}

TEST_F(LocalFiles, a_shorter_ttl_counts_from_its_registration) {
  beat("alive");
  api::CheckDefinition shorter = ttl_definition();
  shorter.ttl = 5s;
  register_web({shorter});
  clock.advance(4s);
  start();
  EXPECT_EQ(state->checks().at("service:web").expires_at, clock.boot + 1s);
}

TEST_F(LocalFiles, a_heartbeat_that_says_something_else_is_written_over_the_last_one) {
  beat(std::string(3000, 'x'));
  beat("short");
  clock.advance(1s);
  start();
  EXPECT_EQ(row("service:web").output, "short");
}

TEST_F(LocalFiles, a_state_that_ran_out_or_was_removed_is_written_anew) {
  beat("alive");
  state->update_check("service:web", CheckStatus::critical, "TTL expired");
  beat("alive");
  std::filesystem::remove(state_file());
  beat("alive");
  clock.advance(1s);
  start();
  EXPECT_EQ(row("service:web").status, "passing");
  EXPECT_EQ(row("service:web").output, "alive");
}

TEST_F(LocalFiles, other_checks_go_on_as_they_were_after_a_short_absence) {
  register_web({http_definition()});
  EXPECT_EQ(row("service:web").status, "passing");
  clock.advance(59s);
  start();
  EXPECT_EQ(row("service:web").status, "passing");
  state->update_check("service:web", CheckStatus::warning, "slow");
  clock.advance(59s);
  start();
  EXPECT_EQ(row("service:web").status, "warning");
  EXPECT_EQ(row("service:web").output, "slow");
}

TEST_F(LocalFiles, other_checks_start_critical_after_a_long_absence) {
  register_web({http_definition()});
  clock.advance(59s);
  state->mark_alive();
  clock.advance(61s);
  start();
  EXPECT_EQ(row("service:web").status, "critical");
}

TEST_F(LocalFiles, other_checks_start_critical_after_a_restart_of_the_machine) {
  register_web({http_definition()});
  clock.boot = 1s;
  start();
  EXPECT_EQ(row("service:web").status, "critical");
}

TEST_F(LocalFiles, a_check_of_a_file_goes_on_too) {
  const api::ServiceDefinition web = service_definition("web", {http_definition()});
  start({{web}, {}});
  state->update_check("service:web", CheckStatus::critical, "refused");
  start({{web}, {}});
  EXPECT_EQ(row("service:web").status, "critical");
  EXPECT_EQ(row("service:web").output, "refused");
}

TEST_F(LocalFiles, a_file_beats_a_registration_of_the_same_id) {
  register_web();
  api::ServiceDefinition web = service_definition("web");
  web.port = 8080;
  start({{web}, {}});
  EXPECT_EQ(state->image().services.at("web").service.port, 8080);
  EXPECT_EQ(state->services().at("web").origin, Origin::file);
  // And for good: what was registered is forgotten.
  start();
  EXPECT_TRUE(state->services().empty());
}

TEST_F(LocalFiles, an_unreadable_file_is_skipped_and_stays) {
  register_web();
  const std::string path = directory.path() + "/agent/services/" + std::string(64, 'a');
  std::ofstream(path) << "{";
  start();
  EXPECT_EQ(state->services().size(), 1u);
  EXPECT_TRUE(std::filesystem::exists(path));
}

TEST_F(LocalFiles, a_persisted_script_is_skipped_when_scripts_were_switched_off) {
  LocalOptions options = local_options(directory.path());
  options.scripts.everybody = true;
  state = std::make_unique<LocalState>(loop, clock, options, Rng(1));
  api::CheckDefinition script;
  script.name = "s";
  script.args = {"/bin/true"};
  script.interval = 10s;
  ASSERT_TRUE(state->register_check(script, Origin::api).has_value());
  start();
  EXPECT_TRUE(state->checks().empty());
}

TEST_F(LocalFiles, a_data_directory_that_cannot_be_written_is_told) {
  std::filesystem::remove_all(directory.path() + "/agent");
  std::ofstream(directory.path() + "/agent") << "in the way";
  LocalState other(loop, clock, local_options(directory.path()), Rng(1));
  EXPECT_FALSE(other.load({}).has_value());
  EXPECT_FALSE(other.register_service(service_definition("web"), Origin::api).has_value());
  EXPECT_TRUE(other.services().empty());
}

TEST_F(LocalFiles, nothing_is_kept_without_a_data_directory) {
  LocalState dev(loop, clock, local_options(), Rng(1));
  ASSERT_TRUE(dev.load({}).has_value());
  ASSERT_TRUE(
      dev.register_service(service_definition("web", {ttl_definition()}), Origin::api).has_value());
  dev.keep_state("service:web");
  dev.mark_alive();
  ASSERT_TRUE(dev.remove_service("web").has_value());
  EXPECT_EQ(files_in("services") + files_in("checks") + files_in("check-state"), 0u);
}

TEST_F(LocalFiles, a_check_of_a_file_may_belong_to_any_known_service_and_to_no_other) {
  register_web();
  api::CheckDefinition check = ttl_definition("c");
  check.service_id = "web";
  start({{}, {check}});
  EXPECT_EQ(row("c").service_name, "web");
  check.service_id = "nobody";
  LocalState other(loop, clock, local_options(), Rng(1));
  EXPECT_EQ(other.load({{}, {check}}).error().message,
            "Failed to register check \"c\": ServiceID \"nobody\" does not exist");
}

TEST_F(LocalFiles, a_wrong_definition_names_itself) {
  LocalState other(loop, clock, local_options(), Rng(1));
  api::ServiceDefinition web = service_definition("web");
  web.address = "0.0.0.0";
  EXPECT_EQ(other.load({{web}, {}}).error().message,
            "Failed to register service \"web\": Invalid service address");
}

TEST_F(LocalFiles, reload_keeps_status_and_removes_what_left_the_files) {
  start({{service_definition("web", {ttl_definition()}), service_definition("db")},
         {ttl_definition("mem")}});
  state->update_check("service:web", CheckStatus::passing, "fine");
  ASSERT_TRUE(state->register_service(service_definition("api"), Origin::api).has_value());
  ASSERT_TRUE(state->reload({{service_definition("web", {ttl_definition()})}, {}}).has_value());
  EXPECT_EQ(row("service:web").status, "passing");
  EXPECT_FALSE(state->services().contains("db"));
  EXPECT_FALSE(state->checks().contains("mem"));
  EXPECT_TRUE(state->services().contains("api"));
  EXPECT_TRUE(state->image().removed_services.contains("db"));
}

TEST_F(LocalFiles, a_reload_with_an_error_changes_nothing) {
  start({{service_definition("web")}, {}});
  EXPECT_FALSE(state->reload({{service_definition("db"), service_definition("")}, {}}).has_value());
  EXPECT_TRUE(state->services().contains("web"));
  EXPECT_FALSE(state->services().contains("db"));
}

}  // namespace
}  // namespace conclave::agent
