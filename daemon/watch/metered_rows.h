#pragma once

/// Rows that end early: when an evaluation has looked at more of them than its place allows, or its
/// output is full, scans stop, and what it makes of what it saw is of no use. So no query needs to
/// know how much it may read.

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "daemon/store/rows.h"
#include "daemon/watch/list_output.h"

namespace conclave::daemon {

class MeteredRows final : public ReadRows {
 public:
  /// What may be looked at on a loop that serves others: a millisecond or two.
  static constexpr std::uint64_t loop_rows_max = 4096;
  static constexpr std::uint64_t loop_bytes_max = 1 << 20;
  /// For everybody else: how long it may go on, because a read transaction that stays open keeps
  /// LMDB from reusing pages; and who may end it before.
  struct Patience {
    std::chrono::steady_clock::time_point end;
    const std::atomic<bool>& stopping;
    const std::atomic<bool>& abandoned;
  };

  /// A loop's share.
  MeteredRows(const ReadRows& rows, const ListOutput& output) : rows_(rows), output_(output) {}
  MeteredRows(const ReadRows& rows, const ListOutput& output, const Patience& patience)
      : rows_(rows), output_(output), patience_(&patience) {}

  std::optional<std::string_view> get(std::string_view key) const override {
    const auto row = rows_.get(key);
    spend(row.has_value() ? row->size() : 0);
    return row;  // Never too little of one row: that would be another state.
  }
  void scan(std::string_view from, Visitor visit) const override {
    rows_.scan(from, [&](std::string_view key, std::string_view row) {
      return spend(row.size()) && visit(key, row);
    });
  }

  /// True: what was evaluated is of no use.
  bool are_spent() const { return spent_; }

 private:
  /// The clock is looked at once in so many rows.
  static constexpr std::uint64_t rows_between_looks = 64;

  bool spend(std::size_t row_bytes) const {
    ++seen_rows_;
    seen_bytes_ += row_bytes;
    if (!spent_) spent_ = output_.is_full() || (patience_ == nullptr ? is_over_share() : is_over());
    return !spent_;
  }
  bool is_over_share() const { return seen_rows_ > loop_rows_max || seen_bytes_ > loop_bytes_max; }
  bool is_over() const {
    if (seen_rows_ % rows_between_looks != 0) return false;
    return patience_->stopping.load(std::memory_order_relaxed) ||
           patience_->abandoned.load(std::memory_order_relaxed) ||
           std::chrono::steady_clock::now() >= patience_->end;
  }

  const ReadRows& rows_;
  const ListOutput& output_;
  const Patience* patience_ = nullptr;
  mutable std::uint64_t seen_rows_ = 0;
  mutable std::uint64_t seen_bytes_ = 0;
  mutable bool spent_ = false;
};

}  // namespace conclave::daemon
