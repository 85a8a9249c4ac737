#include "raft/core/log.h"

#include <algorithm>

#include "base/core/assert.h"

namespace conclave::raft {

Log::Log(Index base_index, Term base_term, std::vector<Entry> entries)
    : base_index_(base_index),
      base_term_(base_term),
      unloaded_index_(base_index),
      entries_(std::move(entries)) {
  Term term = base_term_;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    CONCLAVE_ASSERT_WHY(entries_[i].index.value == base_index_.value + i + 1,
                        "recovered entries follow the base without a gap");
    CONCLAVE_ASSERT_WHY(entries_[i].term >= term, "terms in a log do not go down");
    term = entries_[i].term;
  }
  handed_index_ = durable_index_ = last_index();
}

Term Log::last_term() const {
  if (!entries_.empty()) return entries_.back().term;
  return unloaded_.empty() ? base_term_ : unloaded_.back().term;
}

std::optional<Term> Log::term_at(Index index) const {
  if (index == base_index_) return base_term_;
  if (index < base_index_ || index > last_index()) return std::nullopt;
  if (index <= unloaded_index_) {
    return std::ranges::lower_bound(unloaded_, index, {}, &Unloaded::last)->term;
  }
  return at(index).term;
}

const Entry& Log::at(Index index) const {
  CONCLAVE_ASSERT(index > unloaded_index_);
  CONCLAVE_ASSERT(index <= last_index());
  return entries_[index.value - unloaded_index_.value - 1];
}

void Log::append(Entry entry) {
  CONCLAVE_ASSERT_WHY(entry.index == next(last_index()), "the log is contiguous");
  CONCLAVE_ASSERT_WHY(entry.term >= last_term(), "terms in a log do not go down");
  entries_.push_back(std::move(entry));
}

void Log::truncate_from(Index from) {
  CONCLAVE_ASSERT(from > unloaded_index_);
  CONCLAVE_ASSERT(from <= last_index());
  entries_.resize(from.value - unloaded_index_.value - 1);
  handed_index_ = std::min(handed_index_, last_index());
  durable_index_ = std::min(durable_index_, last_index());
}

void Log::compact(Index through) {
  if (through <= base_index_) return;
  CONCLAVE_ASSERT_WHY(through <= durable_index_, "only what is on disk may be forgotten");
  base_term_ = *term_at(through);
  unload(through);
  while (!unloaded_.empty() && unloaded_.front().last <= through) unloaded_.pop_front();
  base_index_ = through;
}

void Log::unload(Index through) {
  if (through <= unloaded_index_) return;
  CONCLAVE_ASSERT_WHY(through <= durable_index_, "only what is on disk may go from memory");
  const auto end =
      entries_.begin() + static_cast<std::ptrdiff_t>(through.value - unloaded_index_.value);
  for (auto entry = entries_.begin(); entry != end; ++entry) {
    const bool continues = entry != entries_.begin() && unloaded_.back().term == entry->term;
    if (!continues) unloaded_.push_back({.last = {}, .term = entry->term});
    unloaded_.back().last = entry->index;
    unloaded_.back().bytes += entry->payload.size();
  }
  entries_.erase(entries_.begin(), end);
  unloaded_index_ = through;
}

EntryRange Log::unloaded_from(Index from) const {
  CONCLAVE_ASSERT(from > base_index_);
  CONCLAVE_ASSERT(from <= unloaded_index_);
  const auto piece = std::ranges::lower_bound(unloaded_, from, {}, &Unloaded::last);
  return {from, piece->last, piece->term};
}

Index Log::point_within(std::uint64_t bytes_max, Index floor, Index through) const {
  std::uint64_t bytes = 0;
  for (Index index = through; index > std::max(floor, unloaded_index_); index = previous(index)) {
    bytes += at(index).payload.size();
    if (bytes > bytes_max) return index;
  }
  for (auto piece = unloaded_.rbegin(); piece != unloaded_.rend() && piece->last > floor; ++piece) {
    bytes += piece->bytes;
    if (bytes > bytes_max) return std::min(piece->last, through);
  }
  return floor;
}

void Log::reset(Index base_index, Term base_term) {
  entries_.clear();
  unloaded_.clear();
  base_index_ = unloaded_index_ = handed_index_ = durable_index_ = base_index;
  base_term_ = base_term;
}

std::span<const Entry> Log::slice(Index from, Index through, std::uint64_t bytes_max) const {
  through = std::min(through, last_index());
  if (from > through) return {};
  CONCLAVE_ASSERT(from > unloaded_index_);
  const std::size_t begin = from.value - unloaded_index_.value - 1;
  const std::size_t limit = through.value - unloaded_index_.value;
  std::size_t end = begin;
  std::uint64_t bytes = 0;
  while (end < limit) {
    bytes += entries_[end].payload.size();
    if (bytes > bytes_max && end > begin) break;
    ++end;
  }
  return std::span(entries_).subspan(begin, end - begin);
}

std::span<const Entry> Log::take_unwritten() {
  const std::size_t begin = handed_index_.value - unloaded_index_.value;
  handed_index_ = last_index();
  return std::span<const Entry>(entries_).subspan(begin);
}

void Log::mark_durable(Index through) {
  CONCLAVE_ASSERT(through <= handed_index_);
  durable_index_ = std::max(durable_index_, through);
}

}  // namespace conclave::raft
