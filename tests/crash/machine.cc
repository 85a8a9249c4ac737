#include "tests/crash/machine.h"

#include <fmt/format.h>

#include "base/core/assert.h"
#include "base/core/bytes.h"
#include "base/core/hash.h"
#include "daemon/store/row_frame.h"
#include "raft/core/configuration.h"
#include "tests/crash/recorder.h"

namespace conclave::crash {
namespace {

using daemon::Rows;

Rng rng_of(std::uint64_t seed, std::uint64_t index) { return Rng(hash64("command", seed) + index); }

std::vector<raft::Entry> first_entries() {
  const raft::Configuration configuration{
      .servers = {{.id = {"only"}, .incarnation = {}, .address = "127.0.0.1:8300"}},
      .outgoing = {}};
  return {raft::first_entry(configuration)};
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

Machine::Machine(std::string directory, std::uint64_t seed, Rng rng, bool split_apply)
    : directory_(std::move(directory)), seed_(seed), rng_(rng), split_apply_(split_apply) {}

Machine::~Machine() {
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
  auto opened = found_log_ ? raft::Wal::open(wal_options, {checkpoint}, main_, metrics_)
                           : raft::Wal::create(wal_options, {}, first_entries(), main_, metrics_);
  if (!opened) return std::unexpected(opened.error());
  wal_ = std::move(opened->wal);
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
  switch (rng_.below(4)) {
    case 0:
      run_one(wal_jobs_);
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
