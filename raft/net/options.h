#pragma once

/// Every limit of the links between servers, with its unit in its name.

#include <cstdint>

#include "raft/core/options.h"

namespace conclave::raft {

struct PeerLinkOptions {
  /// A peer that acknowledges nothing for so long, or takes nothing of what waits for it, is
  /// disconnected and dialled again: two election timeouts, see link_options_for().
  std::uint32_t silence_ms_max = 2'000;
  /// For name lookup, connection, TLS and hello.
  std::uint32_t dial_timeout_ms = 2'000;
  /// Between attempts: doubled from the first to the last with each failure, the half of it at
  /// random. A peer that connects to us is dialled at once.
  std::uint32_t backoff_ms_min = 50;
  std::uint32_t backoff_ms_max = 2'000;
  /// What waits for one peer; beyond, the oldest of the same lane is dropped, as if it had been
  /// lost on the way. The urgent lane has everything but entries and snapshots.
  std::uint32_t urgent_messages_max = 1'024;
  std::uint32_t bulk_messages_max = 1'024;
  std::uint64_t bulk_bytes_max = 16 << 20;
  /// Of one message: more than an entry can have (daemon/command's command_bytes_max) and than a
  /// piece of a snapshot has.
  std::uint32_t frame_bytes_max = 8 << 20;
  /// A connection that the configuration does not ask for is closed when it has been idle for so
  /// long: those for snapshots, and those to servers that are not members.
  std::uint32_t idle_ms_max = 60'000;
  /// Links to servers, members or not; beyond, messages to others are dropped.
  std::uint32_t links_max = 64;
};

/// Silence is counted in election timeouts, at least one of which everybody waits.
constexpr PeerLinkOptions link_options_for(const Options& core) {
  PeerLinkOptions options;
  options.silence_ms_max = 2 * core.election_timeout_ticks_min * core.tick_ms;
  return options;
}

}  // namespace conclave::raft
