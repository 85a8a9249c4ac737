#include "tests/crash/machine.h"

#include <fmt/format.h>

#include "base/core/assert.h"
#include "base/core/bytes.h"
#include "base/core/hash.h"
#include "base/core/text.h"
#include "daemon/snapshot/stream.h"
#include "daemon/store/row_frame.h"
#include "raft/core/configuration.h"
#include "tests/crash/recorder.h"

namespace conclave::crash {
namespace {

using daemon::Rows;

Rng rng_of(std::uint64_t seed, std::uint64_t index) { return Rng(hash64("command", seed) + index); }

raft::Configuration first_configuration() {
  return {.servers = {{.id = {"only"}, .incarnation = {}, .address = "127.0.0.1:8300"}},
          .outgoing = {}};
}

std::vector<raft::Entry> first_entries() { return {raft::first_entry(first_configuration())}; }

raft::SnapshotMeta meta_of(const std::string& bytes, std::uint64_t index) {
  return {.id = encode_hex(sha256(bytes)),
          .index = {index},
          .term = {1},
          .configuration = first_configuration(),
          .size = bytes.size()};
}

std::uint64_t size_of_value(Rng& rng) {
  switch (rng.below(8)) {
    case 0:
      return rng.below(20'000);  // Chunked.
    case 1:
      return rng.between(1900, 2100);
    default:
      return rng.below(400);
  }
}

}  // namespace

std::string command_payload(std::uint64_t seed, std::uint64_t index) {
  Rng rng = rng_of(seed, index);
  return fmt::format("command {} ", index) + std::string(rng.below(3000), 'p');
}

void apply_command(std::uint64_t seed, std::uint64_t index, Rows& rows) {
  Rng rng = rng_of(seed, index);
  for (std::uint64_t i = rng.between(1, 4); i > 0; --i) {
    const std::string key = fmt::format("key {}", rng.below(60));
    if (rng.chance(1, 4)) {
      rows.erase(key);
    } else {
      std::string row = fmt::format("written by {} ", index);
      row.append(size_of_value(rng), static_cast<char>('a' + index % 26));
      rows.put(key, row);
    }
  }
  // Applied twice or not at all, this shows for ever.
  const auto before = rows.get("count");
  std::string count;
  append_u64_be(count, before ? load_u64_be(before->data()) + index : index);
  rows.put("count", count);
}

std::uint64_t Expected::hash_at(std::uint64_t index) {
  while (hashes_.size() <= index) {
    const std::uint64_t next = hashes_.size();
    if (next > 1) apply_command(seed_, next, rows_);  // The first entry is the configuration.
    hashes_.push_back(rows_.state_hash());
  }
  return hashes_[index];
}

std::string Expected::snapshot_at(std::uint64_t index) {
  daemon::MemoryRows rows;
  for (std::uint64_t i = 2; i <= index; ++i) apply_command(seed_, i, rows);
  daemon::SnapshotHeader header;
  header.applied = {.index = index, .term = 1};
  header.rows = rows.size();
  header.state_hash = hash_at(index);
  header.configuration = raft::encode_configuration(first_configuration());
  std::string out = daemon::encode_snapshot_header(header);
  std::string block;
  std::uint64_t blocks = 0;
  rows.scan("", [&](std::string_view key, std::string_view row) {
    daemon::append_row(block, key, row);
    if (block.size() < daemon::block_bytes) return true;
    daemon::append_block(out, blocks++, std::exchange(block, {}));
    return true;
  });
  if (!block.empty()) daemon::append_block(out, blocks++, block);
  daemon::append_trailer(out, blocks, header.rows, header.state_hash);
  return out;
}

Machine::Machine(std::string directory, std::uint64_t seed, Rng rng, bool split_apply)
    : directory_(std::move(directory)), seed_(seed), rng_(rng), split_apply_(split_apply) {}

Machine::~Machine() {
  snapshots_.reset();
  wal_.reset();
  store_.reset();
}

Result<void> Machine::start(Expected& expected) {
  daemon::StoreOptions store_options;
  store_options.directory = directory_ + "/state";
  store_options.map_bytes = 64 << 20;
  store_options.checkpoint_ms = 0;
  store_options.shared_commit_bytes = rng_.chance(1, 2) ? 16 << 10 : 0;
  store_options.worker = [this](std::function<void()> job) { store_jobs_.push_back(job); };
  raft::WalOptions wal_options;
  wal_options.directory = directory_ + "/wal";
  wal_options.segment_bytes = 48 << 10;
  wal_options.fill_bytes = 8 << 10;
  wal_options.worker = [this](std::function<void()> job) { wal_jobs_.push_back(job); };

  CONCLAVE_TRY_ASSIGN(store_, daemon::Store::open(store_options, main_, metrics_));
  const std::uint64_t checkpoint = store_->applied().index;
  CONCLAVE_TRY(verify(expected));
  found_log_ = raft::Wal::exists(wal_options.directory);
  if (!found_log_ && checkpoint > 0) return fail(ErrorCode::corrupt, "the log is gone");
  std::optional<raft::LogBase> installed;
  if (store_->origin()) installed = {{checkpoint}, {1}, first_configuration()};
  auto opened = found_log_ ? raft::Wal::open(wal_options, {checkpoint}, main_, metrics_, installed)
                           : raft::Wal::create(wal_options, {}, first_entries(), main_, metrics_);
  if (!opened) return std::unexpected(opened.error());
  wal_ = std::move(opened->wal);
  daemon::SnapshotOptions snapshot_options;
  snapshot_options.directory = directory_ + "/snapshots";
  snapshot_options.kept_max = 1;
  snapshot_options.worker = [this](std::function<void()> job) { snapshot_jobs_.push_back(job); };
  CONCLAVE_TRY_ASSIGN(snapshots_,
                      daemon::Snapshots::open(snapshot_options, main_, metrics_, *store_));
  store_->on_checkpoint(
      [this](daemon::AppliedPosition applied) { wal_->release({applied.index}); });

  last_index_ = checkpoint;
  for (const raft::Entry& entry : opened->recovered.entries) {
    last_index_ += 1;
    const bool right = entry.index.value == last_index_ &&
                       (last_index_ == 1 || entry.payload == command_payload(seed_, last_index_));
    if (!right) return fail(ErrorCode::corrupt, fmt::format("entry {} is wrong", last_index_));
  }
  apply(opened->recovered.entries);
  return verify(expected);
}

void Machine::begin_batch(bool& durable) {
  batch_.clear();
  for (std::uint64_t i = rng_.between(1, 4); i > 0; --i) {
    last_index_ += 1;
    batch_.push_back({.term = {1},
                      .index = {last_index_},
                      .kind = raft::EntryKind::command,
                      .payload = command_payload(seed_, last_index_)});
  }
  const raft::HardState hard_state{.current_term = {1}, .voted_for = {"only"}};
  wal_->write(rng_.chance(1, 5) ? &hard_state : nullptr, batch_, {applied_index()},
              [&durable, this] {
                record_mark(last_index_);
                durable = true;
              });
}

void Machine::write_batch() {
  bool durable = false;
  begin_batch(durable);
  while (!durable) random_step();
  apply(batch_);
}

void Machine::leave_batch_unfinished() {
  bool durable = false;
  begin_batch(durable);
  for (std::uint64_t i = rng_.below(4); i > 0; --i) random_step();
}

void Machine::install_snapshot(Expected& expected, std::uint64_t steps_max) {
  steps_left_ = steps_max;
  const std::uint64_t index = last_index_ + rng_.between(1, 30);
  const std::string bytes = expected.snapshot_at(index);
  const raft::SnapshotMeta snapshot = meta_of(bytes, index);
  if (!receive(snapshot, bytes)) return;
  if (rng_.chance(1, 3)) store_->start_checkpoint();  // Of the state that is to be replaced.
  bool installed = false;
  snapshots_->install(snapshot, [&installed] { installed = true; });
  if (!step_until(installed)) return;

  bool durable = false;
  const raft::HardState hard_state{.current_term = {1}, .voted_for = {"only"}};
  wal_->reset({{index}, {1}, snapshot.configuration}, rng_.chance(1, 2) ? &hard_state : nullptr, {},
              {index}, [&durable, index] {
                record_mark(index);
                durable = true;
              });
  if (step_until(durable)) last_index_ = index;
}

bool Machine::receive(const raft::SnapshotMeta& snapshot, const std::string& bytes) {
  for (std::size_t at = 0; at < bytes.size();) {
    raft::SnapshotChunk chunk{snapshot, at, bytes.substr(at, rng_.between(5'000, 80'000))};
    at += chunk.data.size();
    bool stored = false;
    snapshots_->store(chunk, [&stored](const Result<void>& result) {
      CONCLAVE_ASSERT(result.has_value());
      stored = true;
    });
    if (!step_until(stored)) return false;
  }
  return true;
}

bool Machine::step_until(const bool& done) {
  while (!done && steps_left_ > 0) {
    --steps_left_;
    random_step();
  }
  return done;
}

void Machine::apply(const std::vector<raft::Entry>& entries) {
  for (std::size_t from = 0; from < entries.size();) {
    const std::size_t count = std::min<std::size_t>(rng_.between(1, 4), entries.size() - from);
    const auto begin = entries.begin() + static_cast<std::ptrdiff_t>(from);
    commit({begin, begin + static_cast<std::ptrdiff_t>(count)});
    from += count;
    if (rng_.chance(1, 6)) store_->start_checkpoint();
    for (std::uint64_t i = rng_.below(3); i > 0; --i) random_step();
  }
}

void Machine::commit(const std::vector<raft::Entry>& entries) {
  const daemon::AppliedPosition before = store_->applied();
  auto batch = store_->begin();
  for (const raft::Entry& entry : entries) {
    if (entry.kind == raft::EntryKind::command) {
      apply_command(seed_, entry.index.value, batch->rows());
    }
  }
  const daemon::AppliedPosition after{.index = entries.back().index.value, .term = 1};
  if (!split_apply_) return batch->commit(after);
  batch->commit(before);
  batch.reset();
  if (rng_.chance(1, 3)) store_->start_checkpoint();
  random_step();
  store_->begin()->commit(after);
}

void Machine::random_step() {
  switch (rng_.below(5)) {
    case 0:
      run_one(wal_jobs_);
      break;
    case 4:
      run_one(snapshot_jobs_);
      break;
    case 1:
    case 2:
      run_one(store_jobs_);
      break;
    default:
      main_.run_ready();
      break;
  }
}

bool Machine::run_one(Jobs& jobs) {
  if (jobs.empty()) return false;
  const auto job = std::move(jobs.front());
  jobs.pop_front();
  job();
  return true;
}

Result<void> Machine::verify(Expected& expected) {
  const auto reader = store_->make_reader();
  const daemon::ReadSnapshot snapshot = reader->open();
  std::uint64_t hash = 0;
  std::uint64_t rows = 0;
  snapshot.rows().scan("", [&](std::string_view key, std::string_view row) {
    hash += daemon::row_hash(key, row);
    rows += 1;
    return true;
  });
  const std::uint64_t index = snapshot.applied().index;
  const daemon::Store::Usage usage = store_->usage();
  if (hash != expected.hash_at(index)) {
    return fail(ErrorCode::corrupt, fmt::format("the state at index {} is not right", index));
  }
  if (usage.state_hash != hash || usage.rows != rows) {
    return fail(ErrorCode::corrupt, fmt::format("the sums at index {} are not right", index));
  }
  return {};
}

}  // namespace conclave::crash
