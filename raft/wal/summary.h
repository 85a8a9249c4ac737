#pragma once

/// What the records of a log amount to, besides the entries' contents: hard state, last entry,
/// terms, configurations. Recovery builds it record by record, the writer goes on with it, and each
/// segment header repeats it.

#include <cstdint>
#include <string>
#include <vector>

#include "base/core/result.h"
#include "raft/core/types.h"
#include "raft/wal/format.h"

namespace conclave::raft {

class LogSummary {
 public:
  LogSummary() = default;
  /// As a segment begins.
  explicit LogSummary(const SegmentHeader& header);

  /// Error `corrupt`: the record does not fit what was before it.
  Result<void> add(const Record& record);
  /// The header of a segment that follows; identity, id and first batch are the caller's to fill
  /// in.
  SegmentHeader header() const;
  /// Does a header say what the records before it say?
  bool agrees_with(const SegmentHeader& header) const;

  const HardState& hard_state() const { return hard_state_; }
  std::uint64_t boot_counter() const { return boot_counter_; }
  Index commit_index() const { return commit_index_; }
  Index last_index() const { return last_index_; }
  Term last_term() const;
  /// The entry before the first one known of.
  Index base_index() const { return base_index_; }
  /// Requires: base_index() <= index <= last_index().
  Term term_at(Index index) const;

  struct ConfigurationAt {
    Index index;
    std::string bytes;
  };
  /// The one in force at `index`; bytes "" = none known.
  ConfigurationAt configuration_at(Index index) const;

  /// What lies below is no longer asked for.
  void forget_below(Index index);

  /// The payload of a truncate record that keeps entries up to `index`.
  std::string truncate_payload(Index index) const;

 private:
  struct TermRun {
    Index first;
    Term term;
  };

  Result<void> add_entry(const Record& record);
  Result<void> truncate(const Record& record);

  HardState hard_state_;
  std::uint64_t boot_counter_ = 0;
  Index commit_index_;
  Index base_index_;
  Index last_index_;
  std::vector<TermRun> terms_{{Index{0}, Term{0}}};  ///< Ascending; covers base to last.
  std::vector<ConfigurationAt> configurations_;      ///< Ascending.
};

}  // namespace conclave::raft
