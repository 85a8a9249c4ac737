#pragma once

/// A store in a directory of its own, whose worker and main loop are stepped by the test: no
/// thread, no waiting.

#include <gtest/gtest.h>

#include <deque>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>

#include "base/run/log.h"
#include "base/run/loop.h"
#include "base/run/metrics.h"
#include "daemon/store/store.h"

namespace conclave::daemon {

class StoreTest : public testing::Test {
 protected:
  StoreTest() {
    const bool in_memory = std::filesystem::is_directory("/dev/shm");
    std::string pattern = (in_memory ? "/dev/shm" : testing::TempDir()) + "/conclave-store-XXXXXX";
    directory = mkdtemp(pattern.data());
    set_log_level(LogLevel::error);
    options.directory = directory + "/state";
    options.map_bytes = 1 << 30;
    options.checkpoint_ms = 0;
    options.worker = [this](std::function<void()> step) { steps.push_back(std::move(step)); };
  }
  ~StoreTest() override {
    store.reset();
    std::filesystem::remove_all(directory);
  }

  Result<void> try_open() {
    store.reset();
    steps.clear();
    main.emplace("main");
    auto opened = Store::open(options, *main, metrics);
    if (!opened) return std::unexpected(opened.error());
    store = std::move(*opened);
    return {};
  }
  void open() {
    const Result<void> opened = try_open();
    ASSERT_TRUE(opened) << opened.error().message;
  }
  /// Without close(): what a killed process leaves.
  void abandon() { store.reset(), steps.clear(); }

  void commit(std::uint64_t index, const std::function<void(Rows&)>& change) {
    const auto batch = store->begin();
    change(batch->rows());
    batch->commit({.index = index, .term = 1});
  }
  void put(std::uint64_t index, std::string key, std::string row) {
    commit(index, [&](Rows& rows) { rows.put(key, row); });
  }
  std::optional<std::string> get(std::string_view key) {
    const auto reader = store->make_reader();
    const ReadSnapshot snapshot = reader->open();
    const auto row = snapshot.rows().get(key);
    return row ? std::optional(std::string(*row)) : std::nullopt;
  }

  /// Runs one step of the checkpoint thread; false when there is none.
  bool step() {
    if (steps.empty()) return false;
    const auto next = std::move(steps.front());
    steps.pop_front();
    next();
    return true;
  }
  /// A whole checkpoint.
  void checkpoint() {
    store->start_checkpoint();
    while (step()) {
    }
    main->run_ready();
  }

  std::string generation() const { return options.directory + "/0000000000000001"; }
  static void flip(const std::string& path, std::uint64_t at) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(at));
    const int byte = file.get();
    file.seekp(static_cast<std::streamoff>(at));
    file.put(static_cast<char>(byte ^ 0x40));
  }

  std::string directory;
  StoreOptions options;
  Metrics metrics;
  std::deque<std::function<void()>> steps;
  std::optional<Loop> main;
  std::unique_ptr<GenerationStore> store;
};

}  // namespace conclave::daemon
