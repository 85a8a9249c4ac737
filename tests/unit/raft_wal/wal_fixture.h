#pragma once

/// A log in a directory of its own, written and damaged by single verbs; no thread, no waiting.

#include <gtest/gtest.h>

#include <deque>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/run/log.h"
#include "base/run/loop.h"
#include "base/run/metrics.h"
#include "raft/core/configuration.h"
#include "raft/wal/segment_files.h"
#include "raft/wal/wal.h"

namespace conclave::raft {

class WalTest : public testing::Test {
 protected:
  WalTest() {
    // In memory where there is such a place: thousands of images are opened, each with its syncs.
    const bool in_memory = std::filesystem::is_directory("/dev/shm");
    std::string pattern = (in_memory ? "/dev/shm" : testing::TempDir()) + "/conclave-wal-XXXXXX";
    directory = mkdtemp(pattern.data());
    set_log_level(LogLevel::error);
    options.directory = directory + "/wal";
    options.segment_bytes = 16 << 10;
    options.fill_bytes = 4 << 10;
    options.worker = [this](std::function<void()> work) { jobs.push_back(std::move(work)); };
    identity.cluster_id.fill(0xc1);
    identity.incarnation.fill(0x1c);
  }
  ~WalTest() override {
    wal.reset();
    std::filesystem::remove_all(directory);
  }

  static Entry entry(std::uint64_t index, std::uint64_t term, std::string payload) {
    return {.term = {term},
            .index = {index},
            .kind = EntryKind::command,
            .payload = std::move(payload)};
  }
  static Configuration configuration(std::string id) {
    return {.servers = {{.id = {std::move(id)}, .incarnation = {}, .address = "127.0.0.1:8300"}},
            .outgoing = {}};
  }
  static Entry configuration_entry(std::uint64_t index, std::uint64_t term, std::string id) {
    return {.term = {term},
            .index = {index},
            .kind = EntryKind::configuration,
            .payload = encode_configuration(configuration(std::move(id)))};
  }

  void create(std::vector<Entry> first = {}) {
    take(Wal::create(options, identity, first, main, metrics));
  }
  Result<void> try_open(std::uint64_t checkpoint = 0) {
    close();
    Result<Wal::Opened> opened = Wal::open(options, {checkpoint}, main, metrics);
    if (!opened) return std::unexpected(opened.error());
    wal = std::move(opened->wal);
    recovered = std::move(opened->recovered);
    return {};
  }
  void open(std::uint64_t checkpoint = 0) {
    const Result<void> opened = try_open(checkpoint);
    ASSERT_TRUE(opened) << opened.error().message;
  }
  void close() { wal.reset(), jobs.clear(), main.run_ready(); }

  /// Opens and expects it to be refused with all of these words.
  void expect_corrupt(std::vector<std::string> words, std::uint64_t checkpoint = 0) {
    const Result<void> opened = try_open(checkpoint);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::corrupt);
    for (const std::string& word : words) {
      EXPECT_NE(opened.error().message.find(word), std::string::npos) << opened.error().message;
    }
  }

  void run_jobs() {
    while (!jobs.empty()) {
      const auto job = std::move(jobs.front());
      jobs.pop_front();
      job();
    }
    main.run_ready();
  }
  /// One batch, durable when this returns.
  void write(std::vector<Entry> entries, std::uint64_t commit = 0,
             std::optional<HardState> hard_state = {}) {
    bool durable = false;
    wal->write(hard_state ? &*hard_state : nullptr, entries, {commit}, [&] { durable = true; });
    EXPECT_FALSE(durable);
    run_jobs();
    EXPECT_TRUE(durable);
  }
  void release(std::uint64_t through) {
    wal->release({through});
    run_jobs();
  }

  std::vector<std::uint64_t> segments() const {
    return list_segment_files(options.directory).value().segments;
  }
  std::string last_segment() const { return segment_path(options.directory, segments().back()); }
  std::string first_segment() const { return segment_path(options.directory, segments().front()); }

  static std::string read(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  static void overwrite(const std::string& path, std::string_view bytes) {
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }
  static void flip(const std::string& path, std::size_t at) {
    std::string bytes = read(path);
    bytes.at(at) = static_cast<char>(bytes[at] ^ 0x10);
    overwrite(path, bytes);
  }
  static std::size_t find(const std::string& path, std::string_view text) {
    const std::size_t at = read(path).find(text);
    EXPECT_NE(at, std::string::npos) << text;
    return at;
  }
  /// The payloads of what was recovered, after the checkpoint.
  std::string payloads() const {
    std::string out;
    for (const Entry& each : recovered.entries) out.append(each.payload).append(" ");
    return out;
  }

  std::string directory;
  WalOptions options;
  LogIdentity identity;
  Metrics metrics;
  Loop main{"main"};
  std::deque<std::function<void()>> jobs;
  std::unique_ptr<Wal> wal;
  RecoveredLog recovered;

 private:
  void take(Result<Wal::Opened> opened) {
    ASSERT_TRUE(opened) << opened.error().message;
    wal = std::move(opened->wal);
    recovered = std::move(opened->recovered);
  }
};

}  // namespace conclave::raft
