#include "raft/wal/summary.h"

#include <fmt/format.h>

#include "base/core/assert.h"
#include "base/core/bytes.h"

namespace conclave::raft {

LogSummary::LogSummary(const SegmentHeader& header)
    : hard_state_(header.hard_state),
      boot_counter_(header.boot_counter),
      commit_index_(header.commit_index),
      base_index_(header.previous_index),
      last_index_(header.previous_index),
      terms_{{header.previous_index, header.previous_term}} {
  if (!header.configuration.empty()) {
    configurations_.push_back({header.configuration_index, header.configuration});
  }
}

Result<void> LogSummary::add(const Record& record) {
  switch (record.kind) {
    case RecordKind::entry:
      return add_entry(record);
    case RecordKind::truncate:
      return truncate(record);
    case RecordKind::hard_state:
      hard_state_ = {.current_term = record.term, .voted_for = {std::string(record.payload)}};
      return {};
    case RecordKind::commit:
      commit_index_ = std::max(commit_index_, record.index);
      return {};
    case RecordKind::boot:
      boot_counter_ = record.index.value;
      return {};
  }
  return fail(ErrorCode::corrupt, "a record is of unknown kind");
}

Result<void> LogSummary::add_entry(const Record& record) {
  if (record.index != next(last_index_)) {
    return fail(ErrorCode::corrupt,
                fmt::format("entry {} follows entry {}", record.index.value, last_index_.value));
  }
  if (record.term < last_term()) {
    return fail(ErrorCode::corrupt,
                fmt::format("entry {} of term {} follows one of term {}", record.index.value,
                            record.term.value, last_term().value));
  }
  if (record.term != last_term()) terms_.push_back({record.index, record.term});
  if (record.entry_kind == EntryKind::configuration) {
    configurations_.push_back({record.index, std::string(record.payload)});
  }
  last_index_ = record.index;
  return {};
}

Result<void> LogSummary::truncate(const Record& record) {
  ByteReader reader(record.payload);
  const Index configuration_index{reader.u64_le()};
  if (record.index > last_index_ || !reader.ok()) {
    return fail(ErrorCode::corrupt,
                fmt::format("the log is cut after entry {}, but ends with entry {}",
                            record.index.value, last_index_.value));
  }
  last_index_ = record.index;
  while (!terms_.empty() && terms_.back().first > record.index) terms_.pop_back();
  if (record.index < base_index_ ||
      terms_.empty()) {  // What is kept lies in segments that are gone.
    base_index_ = record.index;
    terms_ = {{record.index, record.term}};
  }
  while (!configurations_.empty() && configurations_.back().index > record.index) {
    configurations_.pop_back();
  }
  if (configurations_.empty() && !reader.at_end()) {
    configurations_.push_back({configuration_index, std::string(reader.rest())});
  }
  return {};
}

SegmentHeader LogSummary::header() const {
  ConfigurationAt configuration = configuration_at(last_index_);
  SegmentHeader header;
  header.boot_counter = boot_counter_;
  header.previous_index = last_index_;
  header.previous_term = last_term();
  header.commit_index = commit_index_;
  header.hard_state = hard_state_;
  header.configuration_index = configuration.index;
  header.configuration = std::move(configuration.bytes);
  return header;
}

bool LogSummary::agrees_with(const SegmentHeader& header) const {
  const SegmentHeader own = this->header();
  return own.boot_counter == header.boot_counter && own.previous_index == header.previous_index &&
         own.previous_term == header.previous_term && own.hard_state == header.hard_state &&
         own.configuration_index == header.configuration_index &&
         own.configuration == header.configuration;
}

Term LogSummary::last_term() const { return terms_.back().term; }

Term LogSummary::term_at(Index index) const {
  CONCLAVE_ASSERT(base_index_ <= index);
  CONCLAVE_ASSERT(index <= last_index_);
  std::size_t run = terms_.size() - 1;
  while (run > 0 && terms_[run].first > index) --run;
  return terms_[run].term;
}

LogSummary::ConfigurationAt LogSummary::configuration_at(Index index) const {
  for (auto at = configurations_.rbegin(); at != configurations_.rend(); ++at) {
    if (at->index <= index) return *at;
  }
  return {};
}

void LogSummary::forget_below(Index index) {
  if (index <= base_index_ || index > last_index_) return;
  base_index_ = index;
  std::size_t run = 0;
  while (run + 1 < terms_.size() && terms_[run + 1].first <= index) ++run;
  terms_.erase(terms_.begin(), terms_.begin() + static_cast<std::ptrdiff_t>(run));
  std::size_t configuration = 0;
  while (configuration + 1 < configurations_.size() &&
         configurations_[configuration + 1].index <= index) {
    ++configuration;
  }
  configurations_.erase(configurations_.begin(),
                        configurations_.begin() + static_cast<std::ptrdiff_t>(configuration));
}

std::string LogSummary::truncate_payload(Index index) const {
  const ConfigurationAt configuration = configuration_at(index);
  std::string payload;
  append_u64_le(payload, configuration.index.value);
  return payload + configuration.bytes;
}

}  // namespace conclave::raft
