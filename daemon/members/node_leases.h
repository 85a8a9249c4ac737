#pragma once

/// Which agents live, as the leader knows it: each renews a lease at its server, the servers pass
/// that on (lease_passing.h). In memory, and begun anew with each leadership: a new leader gives
/// every lease a full period. Pure: the time is a parameter.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/core/duration.h"

namespace conclave::daemon {

struct LeaseOptions {
  /// An agent that was not heard for so long has failed; it renews four times in that.
  Nanos ttl{std::chrono::seconds(13)};
  /// Mass-failure guard: of so many leases or more, when more than this share would end within one
  /// period, none ends: that is a fault of the network, not of the hosts.
  std::uint32_t guarded_leases_min = 50;
  std::uint32_t guarded_percent = 30;
};

enum class Lease : std::uint8_t {
  unknown,  ///< Nothing is known (yet): the node stays what it is.
  valid,
  ended,
};

class NodeLeases {
 public:
  explicit NodeLeases(LeaseOptions options) : options_(options) {}

  /// This server begins to lead.
  void begin(Nanos now);
  void renew(std::string_view id, Nanos now);
  /// Once in a round, with the agents that the member table has alive. Tells whether the guard
  /// holds the leases from now on.
  struct Guard {
    bool holds = false;
    bool changed = false;
    std::size_t late = 0;
    std::size_t of = 0;
  };
  Guard look(std::span<const std::string_view> alive, Nanos now);
  Lease lease_of(std::string_view id, Nanos now) const;
  /// Not heard for longer than an agent that lives is silent, whatever the guard holds.
  bool is_late(std::string_view id, Nanos now) const;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view id) const { return std::hash<std::string_view>{}(id); }
  };
  Nanos silence_of(std::string_view id, Nanos now) const;

  const LeaseOptions options_;
  Nanos began_{};
  std::unordered_map<std::string, Nanos, Hash, std::equal_to<>> renewed_;
  bool held_ = false;
};

}  // namespace conclave::daemon
