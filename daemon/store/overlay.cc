#include "daemon/store/overlay.h"

#include <cstring>

#include "base/core/assert.h"

namespace conclave::daemon {

Overlay::Overlay(Rows& below)
    : below_(below),
      first_block_(new std::byte[arena_bytes]),
      arena_(first_block_.get(), arena_bytes) {
  changes_.emplace(&arena_);
}

std::optional<std::string_view> Overlay::get(std::string_view key) const {
  if (const auto changed = changes_->find(key); changed != changes_->end()) return changed->second;
  return below_.get(key);
}

void Overlay::scan(std::string_view from, Visitor visit) const {
  auto change = changes_->lower_bound(from);
  bool stopped = false;
  const auto visit_change = [&] {
    const auto& [key, row] = *change++;
    stopped = row && !visit(key, *row);
  };

  below_.scan(from, [&](std::string_view key, std::string_view row) {
    while (change != changes_->end() && change->first < key) {
      visit_change();
      if (stopped) return false;
    }
    if (change != changes_->end() && change->first == key) {
      visit_change();
    } else {
      stopped = !visit(key, row);
    }
    return !stopped;
  });
  while (!stopped && change != changes_->end()) visit_change();
}

void Overlay::put(std::string_view key, std::string_view row) { set(key, keep(row)); }

void Overlay::erase(std::string_view key) { set(key, std::nullopt); }

void Overlay::set(std::string_view key, std::optional<std::string_view> row) {
  CONCLAVE_ASSERT(!key.empty());
  CONCLAVE_ASSERT(key.size() <= row_key_bytes_max);
  changed_bytes_ += row ? row->size() : 0;
  const auto at = changes_->lower_bound(key);
  if (at != changes_->end() && at->first == key) {
    changed_bytes_ -= at->second ? at->second->size() : 0;
    at->second = row;
  } else {
    changed_bytes_ += key.size();
    changes_->emplace_hint(at, keep(key), row);
  }
}

std::string_view Overlay::keep(std::string_view bytes) {
  if (bytes.empty()) return {};
  char* copy = static_cast<char*>(arena_.allocate(bytes.size(), 1));
  std::memcpy(copy, bytes.data(), bytes.size());
  return {copy, bytes.size()};
}

void Overlay::flush() {
  for (const auto& [key, row] : *changes_) {
    if (row) {
      below_.put(key, *row);
    } else {
      below_.erase(key);
    }
  }
  begin_anew();
}

void Overlay::drop() { begin_anew(); }

void Overlay::begin_anew() {
  changes_.reset();
  arena_.release();
  changes_.emplace(&arena_);
  changed_bytes_ = 0;
}

}  // namespace conclave::daemon
