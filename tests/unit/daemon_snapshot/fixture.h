#pragma once

/// A store and its snapshots in a directory of their own; main and the snapshot thread are stepped
/// by the test.

#include <gtest/gtest.h>

#include <deque>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <string>

#include "base/run/log.h"
#include "base/run/loop.h"
#include "base/run/metrics.h"
#include "daemon/snapshot/snapshots.h"
#include "daemon/state/state_machine.h"
#include "daemon/store/store.h"

namespace conclave::daemon {

/// One server's half that is on disk.
class Place {
 public:
  explicit Place(std::string directory) : directory_(std::move(directory)) { open(); }

  void open() {
    snapshots.reset();
    store.reset();
    steps.clear();
    main.emplace("main");
    StoreOptions store_options;
    store_options.directory = directory_ + "/state";
    store_options.map_bytes = 256 << 20;
    store_options.checkpoint_ms = 0;
    store_options.worker = [this](std::function<void()> step) { steps.push_back(std::move(step)); };
    auto opened = Store::open(store_options, *main, metrics);
    ASSERT_TRUE(opened) << opened.error().message;
    store = std::move(*opened);
    SnapshotOptions options;
    options.directory = directory_ + "/snapshots";
    options.worker = store_options.worker;
    auto snapshots_opened = Snapshots::open(options, *main, metrics, *store);
    ASSERT_TRUE(snapshots_opened) << snapshots_opened.error().message;
    snapshots = std::move(*snapshots_opened);
    snapshots->set_configuration_at([this](raft::Index) { return configuration; });
  }

  void fill(std::uint64_t index, std::uint64_t count, std::size_t size) {
    const auto batch = store->begin();
    if (store->applied().index == 0) initialise_state(batch->rows());
    for (std::uint64_t i = 0; i < count; ++i) {
      batch->rows().put("k" + std::to_string(i), std::string(size + i % 7, 'v'));
    }
    batch->commit({.index = index, .term = 3});
  }
  void run() {
    for (bool more = true; more;) {
      more = main->run_ready() > 0;
      for (; !steps.empty(); more = true) {
        const auto next = std::move(steps.front());
        steps.pop_front();
        next();
      }
    }
  }
  Result<raft::SnapshotMeta> make() {
    Result<raft::SnapshotMeta> result = fail(ErrorCode::failed, "not called back");
    snapshots->make([&](Result<raft::SnapshotMeta> made) { result = std::move(made); });
    run();
    return result;
  }
  std::string read(const std::string& id, std::uint64_t offset, std::uint64_t bytes_max) {
    std::string result;
    snapshots->read(id, offset, bytes_max, [&](Result<std::string> got) {
      ASSERT_TRUE(got) << got.error().message;
      result = std::move(*got);
    });
    run();
    return result;
  }
  Result<void> receive(const raft::SnapshotMeta& snapshot, std::uint64_t offset, std::string data) {
    Result<void> result = fail(ErrorCode::failed, "not called back");
    snapshots->store({snapshot, offset, std::move(data)}, [&](Result<void> got) { result = got; });
    run();
    return result;
  }
  void install(const raft::SnapshotMeta& snapshot) {
    bool installed = false;
    snapshots->install(snapshot, [&] { installed = true; });
    run();
    EXPECT_TRUE(installed);
  }
  std::string bytes_of(const std::string& id) const {
    std::ifstream file(snapshots->path(id), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::vector<std::string> names() const { return list_directory(directory_ + "/snapshots").value(); }

  Metrics metrics;
  std::deque<std::function<void()>> steps;
  std::optional<Loop> main;
  std::unique_ptr<GenerationStore> store;
  std::unique_ptr<Snapshots> snapshots;
  raft::Configuration configuration{
      .servers = {{.id = {"a"}, .incarnation = {}, .address = "127.0.0.1:8300"}}, .outgoing = {}};

 private:
  const std::string directory_;
};

class SnapshotTest : public testing::Test {
 protected:
  SnapshotTest() {
    const bool in_memory = std::filesystem::is_directory("/dev/shm");
    std::string pattern =
        (in_memory ? "/dev/shm" : testing::TempDir()) + "/conclave-snapshot-XXXXXX";
    directory = mkdtemp(pattern.data());
    set_log_level(LogLevel::error);
    one.emplace(directory + "/one");
    two.emplace(directory + "/two");
  }
  ~SnapshotTest() override {
    one.reset();
    two.reset();
    std::filesystem::remove_all(directory);
  }

  std::string directory;
  std::optional<Place> one;
  std::optional<Place> two;
};

}  // namespace conclave::daemon
