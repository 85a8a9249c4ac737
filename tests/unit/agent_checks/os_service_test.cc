// OSService checks: contract 7.3; the words are those of systemctl(1).

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "agent/checks/os_service_check.h"
#include "tests/unit/agent_checks/target.h"

namespace conclave::agent {
namespace {

using namespace std::chrono_literals;

TEST(JudgeUnit, goes_by_the_state) {
  struct Case {
    std::string properties;
    CheckStatus status;
    std::string output;
  };
  const std::vector<Case> cases = {
      {"LoadState=loaded\nActiveState=active\nSubState=running\n", CheckStatus::passing,
       "Service \"cron\" is healthy"},
      {"ActiveState=reloading\nLoadState=loaded\nSubState=reload", CheckStatus::passing,
       "Service \"cron\" is healthy"},
      {"LoadState=loaded\nActiveState=activating\nSubState=auto-restart\n", CheckStatus::warning,
       "Service \"cron\" is starting"},
      {"LoadState=loaded\nActiveState=deactivating\nSubState=stop-sigterm\n", CheckStatus::critical,
       "Service \"cron\" is not running: deactivating (stop-sigterm)"},
      {"LoadState=loaded\nActiveState=failed\nSubState=failed\n", CheckStatus::critical,
       "Service \"cron\" is not running: failed (failed)"},
      {"LoadState=masked\nActiveState=inactive\nSubState=dead\n", CheckStatus::critical,
       "Service \"cron\" is not running: inactive (dead)"},
      {"LoadState=not-found\nActiveState=inactive\nSubState=dead\n", CheckStatus::critical,
       "Service \"cron\" could not be found"},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(judge_unit("cron", one.properties), (CheckResult{one.status, one.output}));
  }
}

class OsServiceProbes : public testing::Test {
 protected:
  OsServiceProbes() {
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);
  }
  ~OsServiceProbes() override { std::filesystem::remove_all(folder); }

  /// A stand-in for systemctl: a shell script.
  CheckResult probe(const std::string& script, std::string service = "cron", Nanos timeout = {}) {
    const std::string path = folder / "systemctl";
    std::ofstream(path) << "#!/bin/sh\n" << script << '\n';
    ::chmod(path.c_str(), 0755);
    api::CheckDefinition check;
    check.os_service = std::move(service);
    check.timeout = timeout;
    return result_of(loop, probe_os_service(loop, check, path));
  }

  Loop loop{"agent"};
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("os_service_" + std::to_string(::getpid()));
};

TEST_F(OsServiceProbes, asks_systemctl_for_the_unit) {
  const CheckResult result = probe(
      "[ \"$*\" = 'show --no-pager --property=LoadState,ActiveState,SubState -- cron' ] && "
      "echo ActiveState=active");
  EXPECT_EQ(result, (CheckResult{CheckStatus::passing, "Service \"cron\" is healthy"}));
}

TEST_F(OsServiceProbes, tells_what_systemctl_says_when_it_fails) {
  EXPECT_EQ(probe("echo no bus >&2; exit 1"),
            (CheckResult{CheckStatus::critical,
                         "Unable to look at service \"cron\": systemctl ended with 1: no bus\n"}));
  EXPECT_EQ(probe("exit 0"),
            (CheckResult{CheckStatus::critical,
                         "Unable to look at service \"cron\": systemctl ended with 0: "}));
}

TEST_F(OsServiceProbes, gives_up_after_its_timeout) {
  const CheckResult result = probe("exec sleep 60", "cron", 200ms);
  EXPECT_EQ(result.status, CheckStatus::critical);
  EXPECT_TRUE(result.output.starts_with("Timed out (200ms) running check")) << result.output;
}

TEST_F(OsServiceProbes, asks_for_one_unit_only) {
  for (const char* name : {"ssh*", "a b", "../x", "[a]", "x;y"}) {
    const CheckResult result = probe("echo ActiveState=active", name);
    EXPECT_EQ(result.status, CheckStatus::critical);
    EXPECT_EQ(result.output, "Service \"" + std::string(name) + "\" is not a name of a unit");
  }
  EXPECT_EQ(probe("echo ActiveState=active", "getty@tty1.service").status, CheckStatus::passing);
}

TEST_F(OsServiceProbes, is_critical_without_systemctl) {
  api::CheckDefinition check;
  check.os_service = "cron";
  const CheckResult result = result_of(loop, probe_os_service(loop, check, "/no/systemctl"));
  EXPECT_EQ(result.status, CheckStatus::critical);
  EXPECT_TRUE(result.output.contains("/no/systemctl")) << result.output;
}

}  // namespace
}  // namespace conclave::agent
