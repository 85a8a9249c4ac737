#include "tests/crash/explorer.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>

#include "base/run/log.h"
#include "daemon/store/checkpointer.h"
#include "daemon/store/generation_builder.h"
#include "tests/crash/recorder.h"

namespace conclave::crash {
namespace {

/// The same in every run, so that a change is judged by what it changes.
///   CONCLAVE_CRASH_SEED=$RANDOM CONCLAVE_CRASH_IMAGES=20000   looks for what is not known yet
constexpr std::uint64_t usual_seed = 20;

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

class CrashExplorer : public testing::Test {
 protected:
  CrashExplorer() {
    set_log_level(LogLevel::error);
    options.seed = number_from("CONCLAVE_CRASH_SEED", usual_seed);
    options.images = number_from("CONCLAVE_CRASH_IMAGES", 2000);
  }
  ~CrashExplorer() override {
    set_lying_syncs({});
    daemon::Checkpointer::mutant = {};
    daemon::GenerationBuilder::mutant = {};
  }

  Exploration run() {
    const Exploration result = explore(options);
    std::cout << "seed " << options.seed << ": " << result.operations << " operations, "
              << result.acknowledged << " entries acknowledged, " << result.restarts << " starts; "
              << result.images << " images"
              << (result.failure.empty() ? ": all good" : ": " + result.failure) << std::endl;
    return result;
  }

  /// The explorer is worth what it notices. The mistake may already end the recorded run, when it
  /// starts again from what it left, so that run is a child's too.
  void expect_caught() {
    options.quiet = true;
    for (int attempt = 0; attempt < 5; ++attempt, ++options.seed) {
      if (!goes_well_in_child()) return;
    }
    ADD_FAILURE() << "the mistake went unnoticed";
  }

  bool goes_well_in_child() {
    std::cout.flush();
    const pid_t child = ::fork();
    if (child == 0) ::_exit(run().failure.empty() ? 0 : 1);
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    std::filesystem::remove_all(recording_directory(child));
    if (WIFSIGNALED(status)) {
      std::cout << "seed " << options.seed << ": ended by signal " << WTERMSIG(status) << std::endl;
    }
    return status == 0;
  }

  ExplorerOptions options;
};

TEST_F(CrashExplorer, nothing_acknowledged_is_lost_doubled_or_halved_by_a_power_cut_anywhere) {
  const Exploration result = run();
  EXPECT_EQ(result.failure, "") << "CONCLAVE_CRASH_SEED=" << options.seed;
  EXPECT_EQ(result.images, options.images);
  EXPECT_GT(result.acknowledged, 400u);
}

/// Seeds that once found something, with the images it took.
TEST_F(CrashExplorer, seeds_that_once_found_something_stay_good) {
  // A start took up a checkpoint file that a killed process had not synced; then the next
  // checkpoint overwrote the other file, and a power cut left neither.
  options.seed = 91402550;
  options.images = 1300;
  EXPECT_EQ(run().failure, "");
  // The last pages of data.mdb had been taken and given back by one transaction, and so never been
  // written: the start refused a healthy file as too short.
  options.seed = 720018622;
  options.images = 500;
  EXPECT_EQ(run().failure, "");
}

TEST_F(CrashExplorer, notices_a_log_that_is_not_synced) {
  set_lying_syncs([](const std::string& path) { return path.ends_with(".wal"); });
  expect_caught();
}

TEST_F(CrashExplorer, notices_a_state_that_is_not_synced) {
  set_lying_syncs([](const std::string& path) { return path.ends_with("/data.mdb"); });
  expect_caught();
}

TEST_F(CrashExplorer, notices_checkpoint_files_that_are_not_synced) {
  set_lying_syncs(
      [](const std::string& path) { return path.find("/checkpoint.") != std::string::npos; });
  expect_caught();
}

TEST_F(CrashExplorer, notices_a_pin_that_is_dropped_before_the_checkpoint_is_durable) {
  daemon::Checkpointer::mutant.drop_pin_first = true;
  expect_caught();
}

TEST_F(CrashExplorer, notices_a_generation_that_is_named_before_it_is_on_the_disk) {
  daemon::GenerationBuilder::mutant.publish_before_sync = true;
  expect_caught();
}

TEST_F(CrashExplorer, notices_an_applied_index_outside_the_transaction) {
  options.split_apply = true;
  expect_caught();
}

}  // namespace
}  // namespace conclave::crash
