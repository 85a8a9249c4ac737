#include "daemon/tables/kv.h"

#include <algorithm>
#include <vector>

#include "base/core/assert.h"
#include "base/core/bytes.h"
#include "daemon/tables/row.h"

namespace conclave::daemon {
namespace {

/// Tag, tail_bytes_max bytes, hash: no other row of the table is as long.
constexpr std::size_t long_row_key_bytes = 1 + tail_bytes_max + 16;

/// What all row keys of keys below `prefix` begin with.
std::string row_prefix(Table table, std::string_view prefix) {
  std::string key = table_key(table);
  key.append(prefix.substr(0, tail_bytes_max));
  return key;
}

std::string number_and_tail(Table table, std::uint64_t number, std::string_view key) {
  std::string row_key = number_key(table, number);
  append_tail(row_key, key, inner_tail_bytes_max);
  return row_key;
}

std::string tail_key(Table table, std::string_view key) {
  std::string row_key;
  row_key.reserve(1 + std::min(key.size(), tail_bytes_max + 16));
  row_key.push_back(static_cast<char>(table));
  append_tail(row_key, key, tail_bytes_max);
  return row_key;
}

/// Long keys that share their first tail_bytes_max bytes: their rows are in the order of hashes.
class Bucket {
 public:
  Bucket(const ReadRows& rows, FunctionRef<bool(const KvView&)> visit)
      : rows_(rows), visit_(visit) {}

  void add(std::string_view row_key, std::string_view key) {
    shared_ = row_key.substr(0, 1 + tail_bytes_max);
    keys_.emplace_back(key);
  }
  bool belongs(std::string_view row_key) const {
    return row_key.size() == long_row_key_bytes && row_key.starts_with(shared_);
  }
  /// Hands out what was collected; false when the visitor had enough.
  bool flush() {
    std::ranges::sort(keys_);
    bool wants_more = true;
    for (const std::string& key : keys_) {
      const auto view = find_kv(rows_, key);
      CONCLAVE_ASSERT(view.has_value());
      wants_more = visit_(*view);
      if (!wants_more) break;
    }
    keys_.clear();
    return wants_more;
  }
  bool empty() const { return keys_.empty(); }

 private:
  const ReadRows& rows_;
  FunctionRef<bool(const KvView&)> visit_;
  std::string shared_;
  std::vector<std::string> keys_;
};

}  // namespace

api::KvEntry to_entry(const KvView& view) {
  return {.lock_index = view.lock_index,
          .key = std::string(view.key),
          .flags = view.flags,
          .value = {std::string(view.value)},
          .session = std::string(view.session),
          .create_index = view.create_index,
          .modify_index = view.modify_index,
          .fence = view.fence};
}

std::string kv_key(std::string_view key) { return tail_key(Table::kv, key); }
std::string tombstone_key(std::string_view key) { return tail_key(Table::tombstones, key); }
std::string lock_delay_key(std::string_view key) { return tail_key(Table::lock_delays, key); }

std::string kv_by_session_key(std::string_view session, std::string_view key) {
  std::string row_key = name_key(Table::kv_by_session, session);
  append_tail(row_key, key, inner_tail_bytes_max);
  return row_key;
}

std::string tombstone_revision_key(std::uint64_t revision, std::string_view key) {
  return number_and_tail(Table::tombstone_revisions, revision, key);
}

std::string lock_delay_end_key(std::uint64_t until_ms, std::string_view key) {
  return number_and_tail(Table::lock_delay_ends, until_ms, key);
}

std::optional<KvView> find_kv(const ReadRows& rows, std::string_view key) {
  return read_row<KvView>(rows, kv_key(key));
}

void visit_kv_rows(const ReadRows& rows, std::string_view prefix, std::string_view from,
                   FunctionRef<bool(std::string_view row_key, const KvView&)> visit) {
  const std::string first = row_prefix(Table::kv, prefix);
  const bool prefix_is_long = prefix.size() > tail_bytes_max;
  rows.scan(std::max<std::string_view>(first, from),
            [&](std::string_view key, std::string_view row) {
              if (!key.starts_with(first)) return false;
              const KvView view = decode_row<KvView>(row);
              if (prefix_is_long && !view.key.starts_with(prefix)) return true;
              return visit(key, view);
            });
}

void visit_kv(const ReadRows& rows, std::string_view prefix, FunctionRef<bool(const KvView&)> visit,
              std::string_view after) {
  Bucket bucket(rows, visit);
  bool wants_more = true;
  const std::string from = after.empty() ? std::string() : row_prefix(Table::kv, after);
  visit_kv_rows(rows, prefix, from, [&](std::string_view row_key, const KvView& view) {
    if (!after.empty() && view.key <= after) return true;
    if (!bucket.empty() && !bucket.belongs(row_key)) wants_more = bucket.flush();
    if (!wants_more) return false;
    if (row_key.size() == long_row_key_bytes) {
      bucket.add(row_key, view.key);
    } else {
      wants_more = visit(view);
    }
    return wants_more;
  });
  if (wants_more) bucket.flush();
}

std::uint64_t newest_tombstone(const ReadRows& rows, std::string_view prefix) {
  std::uint64_t newest = 0;
  const bool prefix_is_long = prefix.size() > tail_bytes_max;
  visit_rows<Tombstone>(rows, row_prefix(Table::tombstones, prefix), [&](const Tombstone& stone) {
    if (!prefix_is_long || stone.key.starts_with(prefix)) newest = std::max(newest, stone.revision);
    return true;
  });
  return newest;
}

}  // namespace conclave::daemon
