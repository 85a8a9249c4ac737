#include "daemon/store/memory_rows.h"

#include "base/core/assert.h"
#include "daemon/store/row_frame.h"

namespace conclave::daemon {

std::optional<std::string_view> MemoryRows::get(std::string_view key) const {
  const auto found = rows_.find(key);
  if (found == rows_.end()) return std::nullopt;
  return found->second;
}

void MemoryRows::scan(std::string_view from, Visitor visit) const {
  for (auto at = rows_.lower_bound(from); at != rows_.end(); ++at) {
    if (!visit(at->first, at->second)) return;
  }
}

void MemoryRows::put(std::string_view key, std::string_view row) {
  CONCLAVE_ASSERT(!key.empty());
  CONCLAVE_ASSERT(key.size() <= row_key_bytes_max);
  std::string copy(row);  // `row` may be a view into the row that is replaced.
  const auto at = rows_.lower_bound(key);
  if (at != rows_.end() && at->first == key) {
    at->second = std::move(copy);
  } else {
    rows_.emplace_hint(at, key, std::move(copy));
  }
}

void MemoryRows::erase(std::string_view key) {
  if (const auto found = rows_.find(key); found != rows_.end()) rows_.erase(found);
}

std::uint64_t MemoryRows::state_hash() const {
  std::uint64_t sum = 0;
  for (const auto& [key, row] : rows_) sum += row_hash(key, row);
  return sum;
}

}  // namespace conclave::daemon
