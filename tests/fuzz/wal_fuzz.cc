// Recovery of the log. The first byte 0: the rest is a segment as it stands. Otherwise the rest is
// a script that writes records with true checksums, damages some and begins new segments. What
// recovery accepts it can go on with: the next start finds the same entries and what was added.

#include <fcntl.h>

#include <deque>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/core/assert.h"
#include "base/run/file.h"
#include "base/run/log.h"
#include "base/run/loop.h"
#include "base/run/metrics.h"
#include "raft/wal/format.h"
#include "raft/wal/recovery.h"
#include "raft/wal/segment_files.h"
#include "raft/wal/wal.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/scratch.h"

namespace conclave::fuzz {
namespace {

using raft::Entry;

constexpr int steps_max = 64;
constexpr std::size_t payload_bytes_max = 300;

void write_whole(const std::string& path, std::string_view bytes) {
  const auto file = open_file(path, O_WRONLY | O_CREAT | O_TRUNC);
  CONCLAVE_ASSERT(file.has_value());
  CONCLAVE_ASSERT(write_all(file->get(), bytes, path).has_value());
}

/// Writes segments as a script says.
class Script {
 public:
  Script(std::string directory, Input& input) : directory_(std::move(directory)), input_(input) {
    header_.previous_index = {input_.below(3)};
    header_.previous_term = {input_.below(3)};
    header_.hard_state.voted_for = {std::string(input_.take(input_.below(4)))};
    last_index_ = header_.previous_index.value;
    begin();
  }

  void run() {
    for (int i = 0; i < steps_max && !input_.at_end(); ++i) step();
    seal();
    save();
  }

 private:
  void begin() {
    segment_ = raft::encode_header(header_);
    seed_ = raft::checksum_seed(header_.identity, header_.segment_id);
  }

  void step() {
    switch (input_.byte() % 10) {
      case 0:
      case 1:
        return record(raft::RecordKind::entry, ++last_index_);
      case 2:
        return record(raft::RecordKind::entry, input_.below(8));
      case 3:
        return record(raft::RecordKind::hard_state, 0);
      case 4:
        last_index_ = input_.below(8);
        return record(raft::RecordKind::truncate, last_index_);
      case 5:
        return record(raft::RecordKind::boot, input_.byte());
      case 6:
      case 7:
        record(raft::RecordKind::commit, input_.below(8));
        return seal();
      case 8:
        return damage();
      default:
        return roll();
    }
  }

  void record(raft::RecordKind kind, std::uint64_t index) {
    const auto entry_kind = static_cast<raft::EntryKind>(input_.byte() % 3);
    const raft::Term term{input_.byte() % 4u};
    const std::string_view payload = input_.take(input_.below(payload_bytes_max));
    raft::append_record(batch_, kind, entry_kind, {index}, term, payload);
  }

  void seal() {
    if (batch_.empty()) return;
    raft::seal_records(batch_, batch_number_++, seed_);
    segment_ += batch_;
    batch_.clear();
  }

  void damage() {
    const std::uint8_t how = input_.byte();
    const std::size_t at = input_.below(65536) % segment_.size();
    if (how % 4 == 0) {
      segment_.resize(std::max<std::size_t>(at, 1));
    } else if (how % 4 == 1) {
      segment_.append(at % 2048, '\0');
    } else if (how % 4 == 2) {
      batch_number_ += how / 4;
    } else {
      segment_[at] = static_cast<char>(segment_[at] ^ input_.byte());
    }
  }

  void save() const { write_whole(raft::segment_path(directory_, header_.segment_id), segment_); }

  /// A next segment whose header says what the segments so far say, or is the first one's again.
  void roll() {
    seal();
    save();
    const auto log = raft::read_log(directory_, header_.previous_index);
    raft::SegmentHeader following = log ? log->summary.header() : header_;
    following.segment_id = header_.segment_id + 1;
    following.first_batch = log ? log->last_batch + 1 : batch_number_;
    batch_number_ = following.first_batch;
    header_ = std::move(following);
    begin();
  }

  const std::string directory_;
  Input& input_;
  raft::SegmentHeader header_;
  std::string segment_;
  std::string batch_;
  std::uint32_t seed_ = 0;
  std::uint64_t batch_number_ = 1;
  std::uint64_t last_index_ = 0;
};

struct Server {
  Loop main{"main"};
  Metrics metrics;
  std::deque<std::function<void()>> jobs;

  void run_jobs() {
    do {
      while (!jobs.empty()) {
        const auto job = std::move(jobs.front());
        jobs.pop_front();
        job();
      }
      main.run_ready();
    } while (!jobs.empty());
  }

  Result<raft::Wal::Opened> open(const std::string& directory, std::uint64_t checkpoint) {
    const raft::WalOptions options{
        .directory = directory,
        .segment_bytes = 16 << 10,
        .fill_bytes = 4 << 10,
        .worker = [this](std::function<void()> job) { jobs.push_back(std::move(job)); }};
    return raft::Wal::open(options, {checkpoint}, main, metrics);
  }
};

void expect_sound(const raft::RecoveredLog& log) {
  raft::Index index = log.base_index;
  raft::Term term = log.base_term;
  for (const Entry& entry : log.entries) {
    CONCLAVE_ASSERT(entry.index == raft::next(index));
    CONCLAVE_ASSERT(entry.term >= term);
    index = entry.index;
    term = entry.term;
  }
  CONCLAVE_ASSERT(log.commit_index >= log.base_index);
}

/// Opens, adds an entry, and opens again.
void go_on(const std::string& directory, std::uint64_t checkpoint) {
  Server server;
  auto opened = server.open(directory, checkpoint);
  if (!opened) {
    CONCLAVE_ASSERT(!opened.error().message.empty());
    return;
  }
  raft::RecoveredLog log = std::move(opened->recovered);
  expect_sound(log);
  const raft::Index last = log.entries.empty() ? log.base_index : log.entries.back().index;
  const raft::Term term = log.entries.empty() ? log.base_term : log.entries.back().term;
  const Entry added{.term = term,
                    .index = raft::next(last),
                    .kind = raft::EntryKind::command,
                    .payload = "added"};
  bool durable = false;
  opened->wal->write(nullptr, std::span(&added, 1), log.commit_index, [&] { durable = true; });
  server.run_jobs();
  CONCLAVE_ASSERT(durable);
  opened->wal.reset();
  server.run_jobs();

  auto again = server.open(directory, checkpoint);
  CONCLAVE_ASSERT_WHY(again.has_value(), "it was opened before");
  log.entries.push_back(added);
  CONCLAVE_ASSERT(again->recovered.entries == log.entries);
  CONCLAVE_ASSERT(again->recovered.hard_state == log.hard_state);
  CONCLAVE_ASSERT(again->recovered.commit_index >= log.commit_index);
  CONCLAVE_ASSERT(again->recovered.boot_counter == log.boot_counter + 1);
  CONCLAVE_ASSERT(!again->recovered.torn);
  again->wal.reset();
  server.run_jobs();
}

}  // namespace

void check(std::string_view bytes) {
  static const Scratch scratch;
  set_log_level(LogLevel::error);
  scratch.clear();
  Input input(bytes);
  std::uint64_t checkpoint = 0;
  if (input.byte() == 0) {
    write_whole(raft::segment_path(scratch.path(), 1), input.rest());
  } else {
    checkpoint = input.byte() % 8;
    Script(scratch.path(), input).run();
  }
  go_on(scratch.path(), checkpoint);
}

}  // namespace conclave::fuzz
