#include "daemon/members/node_leases.h"

#include <algorithm>
#include <utility>

namespace conclave::daemon {
namespace {

/// Who is silent for this part of a lease is late: two renewals of four are missing.
constexpr int late_part = 2;
/// What is known of a node that has not renewed for so many leases is forgotten.
constexpr int forget_leases = 8;

}  // namespace

void NodeLeases::begin(Nanos now) {
  began_ = now;
  renewed_.clear();
  held_ = false;
}

void NodeLeases::renew(std::string_view id, Nanos now) {
  const auto at = renewed_.find(id);
  if (at != renewed_.end()) {
    at->second = now;
  } else {
    renewed_.emplace(id, now);
  }
}

Nanos NodeLeases::silence_of(std::string_view id, Nanos now) const {
  const auto at = renewed_.find(id);
  return now - (at == renewed_.end() ? began_ : at->second);
}

bool NodeLeases::is_late(std::string_view id, Nanos now) const {
  return silence_of(id, now) > options_.ttl / late_part;
}

NodeLeases::Guard NodeLeases::look(std::span<const std::string_view> alive, Nanos now) {
  std::erase_if(renewed_, [&](const auto& entry) {
    return now - entry.second > forget_leases * options_.ttl;
  });
  Guard guard{.of = alive.size()};
  guard.late = static_cast<std::size_t>(
      std::ranges::count_if(alive, [&](std::string_view id) { return is_late(id, now); }));
  guard.holds = guard.of >= options_.guarded_leases_min &&
                guard.late * 100 > guard.of * options_.guarded_percent;
  // In its first period a leader has not heard from everybody, and ends nothing.
  if (now - began_ <= options_.ttl) guard.holds = held_;
  guard.changed = std::exchange(held_, guard.holds) != guard.holds;
  return guard;
}

Lease NodeLeases::lease_of(std::string_view id, Nanos now) const {
  const bool was_heard = renewed_.contains(id);
  if (silence_of(id, now) <= options_.ttl) return was_heard ? Lease::valid : Lease::unknown;
  return held_ ? Lease::unknown : Lease::ended;
}

}  // namespace conclave::daemon
