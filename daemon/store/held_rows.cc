#include "daemon/store/held_rows.h"

#include <utility>

namespace conclave::daemon {

std::optional<std::string_view> HeldRows::get(std::string_view key) const {
  if (!is_held(key)) return below_.get(key);
  auto at = held_.find(key);
  if (at == held_.end()) {
    const std::optional<std::string_view> stored = below_.get(key);
    at = held_.emplace(key, Held{}).first;
    if (stored) at->second.row.emplace(*stored);
  }
  return at->second.row;
}

/// Held rows that the scan may come by are put in their places first.
void HeldRows::scan(std::string_view from, Visitor visit) const {
  if (!held_.empty() && held_.rbegin()->first >= from) flush();
  below_.scan(from, visit);
}

void HeldRows::put(std::string_view key, std::string_view row) {
  if (!is_held(key)) return below_.put(key, row);
  Held& held = held_[std::string(key)];
  if (!held.row) held.row.emplace();
  held.row->assign(row);  // also when `row` is a view of what it replaces
  held.changed = true;
}

void HeldRows::erase(std::string_view key) {
  if (is_held(key)) {
    held_[std::string(key)] = {.row = std::nullopt, .changed = true};
  } else {
    below_.erase(key);
  }
}

void HeldRows::flush() const {
  for (auto& [key, held] : held_) {
    if (!std::exchange(held.changed, false)) continue;
    if (held.row) {
      below_.put(key, *held.row);
    } else {
      below_.erase(key);
    }
  }
}

}  // namespace conclave::daemon
