#pragma once

/// A command's changes, kept apart from the rows below until the command is known to succeed:
/// flush() on success, drop() on failure, so that a refused command leaves nothing behind in a
/// shared transaction (design section 4, Apply).
///
/// Made once and used for command after command: all it holds lies in an arena that is forgotten
/// whole.

#include <map>
#include <memory>
#include <memory_resource>

#include "daemon/store/rows.h"

namespace conclave::daemon {

class Overlay final : public Rows {
 public:
  /// `below` outlives the overlay and is not changed while the overlay holds changes.
  explicit Overlay(Rows& below);
  Overlay(const Overlay&) = delete;
  Overlay& operator=(const Overlay&) = delete;

  /// Views of own changes live until flush() or drop(); views of rows below as long as theirs.
  std::optional<std::string_view> get(std::string_view key) const override;
  void scan(std::string_view from, Visitor visit) const override;
  void put(std::string_view key, std::string_view row) override;
  void erase(std::string_view key) override;

  /// Writes the changes to the rows below, in key order, and begins anew.
  void flush();
  void drop();

  /// Rows put or erased since the last flush() or drop(), and the bytes of their keys and new
  /// contents.
  std::size_t changed_rows() const { return changes_->size(); }
  std::size_t changed_bytes() const { return changed_bytes_; }

 private:
  /// nullopt = erased. Keys and rows lie in the arena.
  using Changes = std::pmr::map<std::string_view, std::optional<std::string_view>>;

  void set(std::string_view key, std::optional<std::string_view> row);
  std::string_view keep(std::string_view bytes);
  void begin_anew();

  static constexpr std::size_t arena_bytes = 16 << 10;

  Rows& below_;
  std::unique_ptr<std::byte[]> first_block_;
  std::pmr::monotonic_buffer_resource arena_;
  std::optional<Changes> changes_;
  std::size_t changed_bytes_ = 0;
};

}  // namespace conclave::daemon
