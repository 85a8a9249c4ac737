#include "tests/sim/store.h"

#include "base/core/assert.h"
#include "base/core/bytes.h"
#include "daemon/state/state_machine.h"
#include "daemon/store/row_frame.h"
#include "tests/sim/mutant.h"

namespace conclave::sim {

SimStore::SimStore() {
  applied_.configuration = std::make_shared<const raft::Configuration>();
  daemon::initialise_state(*this);
  undo_.clear();
  durable_ = applied_;
}

std::optional<std::string_view> SimStore::get(std::string_view key) const {
  const auto found = rows_.find(key);
  if (found == rows_.end()) return std::nullopt;
  return found->second;
}

void SimStore::scan(std::string_view from, Visitor visit) const {
  for (auto at = rows_.lower_bound(from); at != rows_.end(); ++at) {
    if (!visit(at->first, at->second)) return;
  }
}

void SimStore::put(std::string_view key, std::string_view row) {
  CONCLAVE_ASSERT(!key.empty() && key.size() <= daemon::row_key_bytes_max);
  std::string copy(row);  // It may be a view of the row that is replaced.
  hash_ += daemon::row_hash(key, row);
  const auto at = rows_.lower_bound(key);
  if (at != rows_.end() && at->first == key) {
    hash_ -= daemon::row_hash(key, at->second);
    undo_.push_back({std::string(key), std::exchange(at->second, std::move(copy))});
  } else {
    undo_.push_back({std::string(key), std::nullopt});
    rows_.emplace_hint(at, key, std::move(copy));
  }
}

void SimStore::erase(std::string_view key) {
  const auto found = rows_.find(key);
  if (found == rows_.end()) return;
  hash_ -= daemon::row_hash(key, found->second);
  undo_.push_back({found->first, std::move(found->second)});
  rows_.erase(found);
}

void SimStore::advance(Position position) {
  CONCLAVE_ASSERT_WHY(position.index == next(applied_.index), "one at a time, each exactly once");
  CONCLAVE_ASSERT(position.term >= applied_.term);
  applied_ = std::move(position);
  steps_.push_back({forgotten_ + undo_.size(), applied_});
}

void SimStore::begin_checkpoint() {
  CONCLAVE_ASSERT(!checkpoint_);
  checkpoint_ = Step{forgotten_ + undo_.size(), applied_};
}

void SimStore::end_checkpoint() {
  durable_ = checkpoint_->position;
  for (; forgotten_ < checkpoint_->changes; ++forgotten_) undo_.pop_front();
  while (!steps_.empty() && steps_.front().position.index <= durable_.index) steps_.pop_front();
  checkpoint_.reset();
}

void SimStore::roll_back_to(std::uint64_t changes) {
  while (forgotten_ + undo_.size() > changes) {
    Undo last = std::move(undo_.back());
    undo_.pop_back();
    if (last.row) {
      put(last.key, *last.row);
    } else {
      erase(last.key);
    }
    undo_.pop_back();  // What taking back noted.
  }
}

void SimStore::crash() {
  std::uint64_t keep = forgotten_;
  applied_ = durable_;
  if (is(Mutant::applied_index_apart) && !steps_.empty()) applied_ = steps_.front().position;
  if (is(Mutant::applies_twice) && !steps_.empty()) keep = steps_.front().changes;
  roll_back_to(keep);
  undo_.clear();
  steps_.clear();
  forgotten_ = 0;
  checkpoint_.reset();
  durable_ = applied_;
}

std::string SimStore::to_bytes() const {
  std::string out;
  append_varint(out, applied_.index.value);
  append_varint(out, applied_.term.value);
  append_sized(out, encode_configuration(*applied_.configuration));
  for (const auto& [key, row] : rows_) {
    append_sized(out, key);
    append_sized(out, row);
  }
  return out;
}

Result<void> SimStore::replace(const std::string& bytes) {
  ByteReader in(bytes);
  Position position;
  position.index.value = in.varint();
  position.term.value = in.varint();
  CONCLAVE_TRY_ASSIGN(raft::Configuration configuration, raft::decode_configuration(in.sized()));
  std::map<std::string, std::string, std::less<>> rows;
  std::uint64_t hash = 0;
  while (in.ok() && !in.at_end()) {
    const std::string_view key = in.sized();
    const std::string_view row = in.sized();
    hash += daemon::row_hash(key, row);
    rows.emplace_hint(rows.end(), key, row);
  }
  if (!in.ok()) return fail(ErrorCode::corrupt, "not a state");
  position.configuration = std::make_shared<const raft::Configuration>(std::move(configuration));
  rows_ = std::move(rows);
  hash_ = hash;
  applied_ = durable_ = std::move(position);
  undo_.clear();
  steps_.clear();
  forgotten_ = 0;
  checkpoint_.reset();
  return {};
}

}  // namespace conclave::sim
