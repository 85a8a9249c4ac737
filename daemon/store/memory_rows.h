#pragma once

/// Rows in a std::map: what tests of the state machine run on, and the model that the LMDB rows are
/// compared with.

#include <map>
#include <string>

#include "daemon/store/rows.h"

namespace conclave::daemon {

class MemoryRows final : public Rows {
 public:
  std::optional<std::string_view> get(std::string_view key) const override;
  void scan(std::string_view from, Visitor visit) const override;
  void put(std::string_view key, std::string_view row) override;
  void erase(std::string_view key) override;

  std::size_t size() const { return rows_.size(); }
  /// The same sum that the store keeps (docs/formats.md 3.1), computed over all rows: O(bytes).
  std::uint64_t state_hash() const;

  friend bool operator==(const MemoryRows& a, const MemoryRows& b) { return a.rows_ == b.rows_; }

 private:
  std::map<std::string, std::string, std::less<>> rows_;
};

}  // namespace conclave::daemon
