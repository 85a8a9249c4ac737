#pragma once

/// This server's copy of the replicated state and the way into it: propose a command and get its
/// outcome, or learn that a read may be answered now. Any loop may call; the work is done on main,
/// which owns the raft host, the store's write side and the table of pending proposals. Callers
/// resume on their own loop.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "base/core/result.h"
#include "base/run/loop.h"
#include "daemon/command/command.h"
#include "daemon/state/change_set.h"

namespace conclave::daemon {

enum class Consistency : std::uint8_t { standard, consistent, stale };

/// What the X-Consul-KnownLeader and X-Consul-LastContact headers say.
struct ReadPermit {
  bool known_leader = false;
  std::uint64_t last_contact_ms = 0;
};

struct LeaderInfo {
  bool is_leader = false;
  std::string leader_id;       ///< "" when unknown.
  std::string leader_address;  ///< "ip:port" of RPC, "" when unknown.
  std::uint64_t term = 0;
};

class Replica {
 public:
  virtual ~Replica() = default;

  /// Commits and applies the command, wherever the leader is; returns when its outcome is known
  /// (for a removal that continues in jobs: of the last part). Waits up to rpc_hold_timeout (7 s)
  /// for a leader, then ErrorCode::no_leader with the text `No cluster leader`. ErrorCode::failed
  /// for quota and free-space refusals, too_many beyond the limits; unknown_outcome after lost
  /// leadership or a lost answer, which with a request id comes only after it was tried again as
  /// long as a leader is waited for.
  virtual Task<Result<Outcome>> propose(Command command) = 0;
  /// For what a leader decides by its office: proposed in the present leadership of this server or
  /// not at all. ErrorCode::no_leader when it does not lead (any more) and the command is certainly
  /// not carried out; otherwise as above.
  virtual Task<Result<Outcome>> propose_as_leader(Command command) {
    return propose(std::move(command));
  }

  /// Returns when a read with that consistency may be answered from a snapshot opened now
  /// (contract 2.1).
  virtual Task<Result<ReadPermit>> read_permit(Consistency consistency) = 0;
  /// The same without a coroutine when the answer is at hand, which it nearly always is: leader
  /// with a lease, or stale.
  virtual bool read_permit_now(Consistency consistency, ReadPermit& permit) = 0;

  virtual LeaderInfo leader() const = 0;
  /// Present cluster time in milliseconds, for lock-delay and lease decisions. Main thread.
  virtual std::uint64_t cluster_time_ms() const = 0;

  /// Adds a listener called on main after each committed apply batch. Before start() only.
  virtual void on_changes(
      std::function<void(const std::shared_ptr<const ChangeSet>&)> listener) = 0;
  /// Adds a listener called on main when this server became leader and has applied its no-op
  /// (true), or ceased to lead (false).
  virtual void on_leadership(std::function<void(bool leading)> listener) = 0;
};

}  // namespace conclave::daemon
