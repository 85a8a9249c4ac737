#pragma once

/// When sessions expire: the leader's timers, as a table. No clock and no I/O of its own; times are
/// boot clock (contract 5.3, design section 4, Sessions). O(log n) for everything but clear().

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/core/duration.h"

namespace conclave::daemon {

class SessionTimers {
 public:
  enum class Renewal : std::uint8_t {
    renewed,
    unknown,
    expiring,  ///< Its end was proposed and has no outcome yet.
  };

  /// The deadline is 2 × ttl after now; a ttl of zero has none. A session that is there already
  /// starts anew.
  void start(const std::string& id, Nanos ttl, Nanos now);
  void end(const std::string& id);
  void clear();

  /// Full 2 × ttl from now on.
  Renewal renew(const std::string& id, Nanos now);

  /// Up to `limit` sessions whose deadline has passed, longest overdue first. From now on they are
  /// expiring: they can only end, or be cleared with all others.
  std::vector<std::string> take_expired(Nanos now, std::size_t limit);

  /// Sessions, those without a deadline included.
  std::size_t size() const { return by_id_.size(); }
  /// Those with a deadline.
  std::size_t timed() const { return by_deadline_.size(); }

 private:
  struct Timer {
    Nanos ttl{};
    Nanos deadline{};
    bool expiring = false;
  };
  using ById = std::map<std::string, Timer>;

  void schedule(ById::iterator session, Nanos now);
  void unschedule(ById::iterator session);

  ById by_id_;
  std::set<std::pair<Nanos, std::string_view>> by_deadline_;  ///< Views of by_id_'s keys.
};

}  // namespace conclave::daemon
