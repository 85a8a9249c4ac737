#pragma once

/// What can be set about proposing and reading.

#include <cstdint>

#include "base/core/duration.h"

namespace conclave::daemon {

struct ReplicaOptions {
  /// How long a proposal or a read waits for a leader before `No cluster leader` (Consul's
  /// performance.rpc_hold_timeout).
  Nanos rpc_hold_timeout{std::chrono::seconds(7)};
  /// Proposals that are queued or in the log without an outcome yet, and the bytes of their
  /// commands. Beyond either: too_many.
  std::uint64_t proposals_max = 32768;
  std::uint64_t proposal_bytes_max = 256 << 20;
  /// Calls with commands for the leader that may be under way; what is queued meanwhile joins the
  /// next.
  std::uint64_t forward_calls_max = 8;
  /// Bytes of commands in one such call; one goes through however large it is.
  std::uint64_t forward_bytes_max = 1 << 20;
  /// Such a call takes so long at most: a leader whose disk is slow is not a missing one. Then the
  /// outcomes are unknown.
  Nanos forward_timeout{std::chrono::seconds(60)};
  /// Bytes of outcomes in the answer to one such call. Those of transactions that do not fit are
  /// carried out and answered too_large.
  std::uint64_t answer_bytes_max = 16 << 20;
  /// A leader tells followers that have everything what was committed after so long, if no entry
  /// did before: how far behind their stale reads and watches may be when nothing else is written.
  Nanos share_commit_delay{std::chrono::milliseconds(2)};
  /// Reads that wait for a leader or a quorum round. Beyond it: too_many.
  std::uint64_t reads_max = 32768;
  /// Commands that add to the state are refused while it takes more than this on disk; 0 = no
  /// quota.
  std::uint64_t quota_bytes = 0;
  /// They are also refused while the file system of the state has less than this free; 0 = not
  /// watched.
  std::uint64_t free_space_min_bytes = 64 << 20;
  /// False: nobody ticks but who calls tick(), for a simulator or a test with a time of its own.
  bool own_timer = true;
  /// Usage is sampled this often, so a limit may be overrun by what is written in between.
  Nanos usage_period{std::chrono::seconds(1)};
};

}  // namespace conclave::daemon
