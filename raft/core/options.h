#pragma once

/// Every limit of the core, with its unit in its name. Time is in ticks: only the host knows how
/// long one is.

#include <cstdint>

namespace conclave::raft {

struct Options {
  /// Length of a tick; the core does not read it, whoever drives tick() does.
  std::uint32_t tick_ms = 50;
  /// A leader sends a heartbeat round this often.
  std::uint32_t heartbeat_ticks = 2;
  /// A follower that heard no leader for a number of ticks drawn from this range starts an election
  /// (§5.2). The minimum is also the period of check-quorum and of leader stickiness (§4.2.3 of the
  /// dissertation).
  std::uint32_t election_timeout_ticks_min = 10;
  std::uint32_t election_timeout_ticks_max = 20;
  /// A leader may answer reads without asking for this long after it *sent* a round that a quorum
  /// answered. Less than election_timeout_ticks_min by the clock drift that is allowed for.
  std::uint32_t lease_ticks = 8;
  /// A server that has just started grants no vote for so long, because it may have forgotten that
  /// it acknowledged a round. A follower that remembers waits at least as long: it hears a leader
  /// within a tick, of which it does not count the rest. So both leave the same margin for clocks
  /// that drift: with these values a leader's may be slow by one part in nine.
  constexpr std::uint32_t start_guard_ticks() const { return election_timeout_ticks_min - 1; }

  /// A learner is caught up when it lacks no more committed entries than this.
  std::uint64_t promote_lag_entries_max = 100;
  /// A learner gets its vote after it was caught up for so long.
  std::uint64_t promote_after_ticks = 20;
  /// The leader does that by itself; otherwise whoever asks change_membership().
  bool automatic_promotion = true;

  /// Payload bytes in one AppendEntries; one entry goes through however large it is.
  std::uint64_t append_bytes_max = 1 << 20;
  /// AppendEntries to one peer that are not answered yet, and the payload bytes in them; one goes
  /// through however large it is.
  std::uint32_t inflight_messages_max = 256;
  std::uint64_t inflight_bytes_max = 4 << 20;
  /// Bytes of a snapshot in one message; one message per follower is under way.
  std::uint64_t snapshot_chunk_bytes = 1 << 20;
  /// Entries before a checkpoint that stay in memory for followers that lag a little, and how many
  /// payload bytes they may hold.
  std::uint64_t trailing_entries = 0;
  std::uint64_t retained_bytes_max = 64 << 20;
  /// Payload bytes of the entries after a snapshot that is being made for a follower or is on its
  /// way to one, until that has caught up. Older ones than those above stay on disk only. Beyond,
  /// it needs another snapshot.
  std::uint64_t transfer_bytes_max = 1 << 30;
  /// Payload bytes a leader holds that are not committed yet; beyond it propose() answers too_many.
  std::uint64_t uncommitted_bytes_max = 64 << 20;
  /// Payload bytes of one Ready's committed entries; one entry goes through however large it is.
  std::uint64_t apply_bytes_max = 8 << 20;
  /// Reads asked for and not answered yet; beyond it request_read() answers too_many.
  std::uint64_t reads_max = 65536;
};

/// The design's timers (heartbeat 100 ms, election 500-1,000 ms, lease 400 ms) times
/// `raft_multiplier`, 1 to 10.
constexpr Options options_for_multiplier(std::uint32_t raft_multiplier) {
  Options options;
  options.tick_ms *= raft_multiplier;
  return options;
}

}  // namespace conclave::raft
