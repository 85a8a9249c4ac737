#pragma once

/// The KV table, its index by holding session, tombstones and lock-delays.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

#include "api/model/field.h"
#include "api/model/kv.h"
#include "daemon/store/rows.h"
#include "daemon/tables/key.h"

namespace conclave::daemon {

/// An api::KvEntry, same bytes, with its texts borrowed from the row: no allocation.
struct KvView {
  std::uint64_t lock_index = 0;
  std::string_view key;
  std::uint64_t flags = 0;
  std::string_view value;
  std::string_view session;
  std::uint64_t create_index = 0;
  std::uint64_t modify_index = 0;
  std::uint64_t fence = 0;

  friend bool operator==(const KvView&, const KvView&) = default;
  static constexpr auto fields() {
    using api::field;
    return std::tuple{field(1, "LockIndex", &KvView::lock_index),
                      field(2, "Key", &KvView::key),
                      field(3, "Flags", &KvView::flags),
                      field(4, "Value", &KvView::value),
                      field(5, "Session", &KvView::session),
                      field(6, "CreateIndex", &KvView::create_index),
                      field(7, "ModifyIndex", &KvView::modify_index),
                      field(8, "Fence", &KvView::fence)};
  }
};

api::KvEntry to_entry(const KvView& view);

/// An index row that only has to name a key: its own key may be shortened.
struct KeyRow {
  std::string key;
  static constexpr auto fields() { return std::tuple{api::field(1, "Key", &KeyRow::key)}; }
};

/// A key that was deleted: only when, for the index of prefixes above it (contract 2.3).
struct Tombstone {
  std::string key;
  std::uint64_t revision = 0;
  static constexpr auto fields() {
    return std::tuple{api::field(1, "Key", &Tombstone::key),
                      api::field(2, "Revision", &Tombstone::revision)};
  }
};

/// A key that may not be acquired before `until_ms` of cluster time.
struct LockDelay {
  std::string key;
  std::uint64_t until_ms = 0;
  static constexpr auto fields() {
    return std::tuple{api::field(1, "Key", &LockDelay::key),
                      api::field(2, "Until", &LockDelay::until_ms)};
  }
};

std::string kv_key(std::string_view key);
std::string kv_by_session_key(std::string_view session, std::string_view key);
std::string tombstone_key(std::string_view key);
std::string tombstone_revision_key(std::uint64_t revision, std::string_view key);
std::string lock_delay_key(std::string_view key);
std::string lock_delay_end_key(std::uint64_t until_ms, std::string_view key);

/// The entry, borrowed from the rows until they change or their transaction ends.
std::optional<KvView> find_kv(const ReadRows& rows, std::string_view key);

/// Visits the entries whose key begins with `prefix` and is greater than `after`, in ascending
/// order of their full keys, until the visitor returns false. Views live for the one call. Keys
/// longer than tail_bytes_max that share so many bytes are collected (keys only) and sorted before
/// they are handed out.
void visit_kv(const ReadRows& rows, std::string_view prefix, FunctionRef<bool(const KvView&)> visit,
              std::string_view after = {});

/// The same in the order of row keys, from row key `from` on ("" = the first): the order in which
/// removals work, which can be resumed at a row.
void visit_kv_rows(const ReadRows& rows, std::string_view prefix, std::string_view from,
                   FunctionRef<bool(std::string_view row_key, const KvView&)> visit);

/// The largest revision of a tombstone below `prefix`; 0 = none.
std::uint64_t newest_tombstone(const ReadRows& rows, std::string_view prefix);

}  // namespace conclave::daemon
