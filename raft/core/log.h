#pragma once

/// The log: a base (the entry before the first one kept), the entries after it, and how far they
/// have been handed out for writing and are known to be durable. The oldest ones may be on disk
/// only: then no more than their terms and sizes is known here. It knows nothing of terms' meaning
/// beyond comparing them.

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <vector>

#include "raft/core/types.h"

namespace conclave::raft {

/// Some consecutive entries of one term, so that no others can be taken for them (Log Matching).
struct EntryRange {
  Index first;
  Index last;
  Term term;
  friend bool operator==(const EntryRange&, const EntryRange&) = default;
};

class Log {
 public:
  /// `entries` follow the base without a gap and are durable.
  Log(Index base_index, Term base_term, std::vector<Entry> entries);

  Index base_index() const { return base_index_; }
  Index first_index() const { return next(base_index_); }
  Index last_index() const { return {unloaded_index_.value + entries_.size()}; }
  Term last_term() const;
  /// nullopt below the base and above the end; never 0 for what is not there (reliability rule 37).
  std::optional<Term> term_at(Index index) const;
  /// The entries up to here are not in memory.
  Index unloaded_index() const { return unloaded_index_; }
  /// Requires unloaded_index() < index <= last_index().
  const Entry& at(Index index) const;

  void append(Entry entry);
  /// Drops `from` and everything after it; what was handed out or durable above is no longer.
  void truncate_from(Index from);
  /// Forgets entries up to and including `through`, which becomes the base.
  void compact(Index through);
  /// Leaves entries up to and including `through`, which are durable, to the disk.
  void unload(Index through);
  /// Unloaded entries from `from` on that can be read at once.
  EntryRange unloaded_from(Index from) const;
  /// The lowest index, not below `floor`, after which the payloads up to `through` have no more
  /// than that many bytes. Of unloaded entries, those that were unloaded together count together.
  Index point_within(std::uint64_t bytes_max, Index floor, Index through) const;

  /// Forgets everything: the log begins after this, which counts as durable.
  void reset(Index base_index, Term base_term);

  /// Entries from `from` while their payloads stay within `bytes_max`; at least one if there is
  /// one. Requires unloaded_index() < from.
  std::span<const Entry> slice(Index from, Index through, std::uint64_t bytes_max) const;

  /// Entries not handed out yet; marks them as handed out.
  std::span<const Entry> take_unwritten();
  bool has_unwritten() const { return handed_index_ < last_index(); }
  /// Largest index handed out for writing and not truncated since.
  Index handed_index() const { return handed_index_; }
  /// Largest index known to be on disk with all before it.
  Index durable_index() const { return durable_index_; }
  /// `through` is durable; a truncation in between has lowered handed_index(), which bounds it.
  void mark_durable(Index through);

 private:
  struct Unloaded {
    Index last;  ///< The first one follows the piece before, or the base.
    Term term;
    std::uint64_t bytes = 0;
  };

  Index base_index_;
  Term base_term_;
  std::deque<Unloaded> unloaded_;
  Index unloaded_index_;  ///< The last of them, or the base.
  std::vector<Entry> entries_;
  Index handed_index_;
  Index durable_index_;
};

}  // namespace conclave::raft
