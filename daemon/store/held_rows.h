#pragma once

/// Rows that nearly every command reads and writes, held in memory over a transaction and written
/// once at its end. These are the rows with keys of one byte: the only rows of their tables
/// (docs/formats.md 4.3, tables meta and time). A scan that would come by one of them writes them
/// first, and counts as a change then: it ends the views that were handed out.

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/store/rows.h"

namespace conclave::daemon {

class HeldRows final : public Rows {
 public:
  /// `below` outlives this. What is not flushed is dropped.
  explicit HeldRows(Rows& below) : below_(below) {}
  HeldRows(const HeldRows&) = delete;
  HeldRows& operator=(const HeldRows&) = delete;

  std::optional<std::string_view> get(std::string_view key) const override;
  void scan(std::string_view from, Visitor visit) const override;
  void put(std::string_view key, std::string_view row) override;
  void erase(std::string_view key) override;

  /// Writes the changed ones to the rows below.
  void flush() const;

 private:
  struct Held {
    std::optional<std::string> row;  ///< nullopt = not there.
    bool changed = false;
  };
  static bool is_held(std::string_view key) { return key.size() == 1; }

  Rows& below_;
  /// By key; filled as they are asked for.
  mutable std::map<std::string, Held, std::less<>> held_;
};

}  // namespace conclave::daemon
