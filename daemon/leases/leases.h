#pragma once

/// What the leader alone keeps time of: session TTLs, the age of tombstones, the end of
/// lock-delays. All of it is in memory and begins anew with each leadership: a new leader gives
/// every session its full 2 × TTL (contract 5.3). The state changes by proposals only: a session
/// whose deadline has passed is proposed to end, and while that has no outcome its renewals are
/// held, then answered "unknown" (invariant 21).
///
/// A server that does not lead passes renewals on to the one that does, which acknowledges them
/// only while it holds a valid lease, so while nobody else can lead.
///
/// Main thread, except renew(), which any loop may call. Sessions with a lease of node agents come
/// in the agents' own issue.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/run/clock.h"
#include "base/run/loop.h"
#include "base/run/metrics.h"
#include "base/run/waiter.h"
#include "daemon/leases/leader_renewals.h"
#include "daemon/leases/renewals.h"
#include "daemon/leases/session_timers.h"
#include "daemon/leases/tombstone_schedule.h"
#include "daemon/replica/replica.h"

namespace conclave::daemon {

/// What a new leader reads off its own state.
struct LeaseBasis {
  std::uint64_t revision = 0;
  std::vector<ChangeSet::SessionBegan> sessions;
};

class Leases final : public SessionRenewals {
 public:
  /// Registers with the replica, so before its start(). `read_basis` is called on main when
  /// leadership begins; see daemon/state: stored_revision(), live_sessions(). All references
  /// outlive this object.
  Leases(Loop& main, Replica& replica, const Clock& clock, Metrics& metrics,
         std::function<LeaseBasis()> read_basis);
  ~Leases() override;

  /// How to reach the leader, and where its calls to this server arrive; both belong to main.
  /// Without it renewals are answered by a leader only.
  void connect(api::Rpc& rpc, api::RpcHandlers& handlers);
  /// Begins to look at the clock, five times a second.
  void start();
  void stop();
  /// One look at the clock: proposes what is due. The timer's work, public for tests.
  void tick();

  Task<Result<bool>> renew(std::string session_id) override;

 private:
  void on_changes(const ChangeSet& changes);
  void on_leadership(bool leading);
  void begin_anew();
  void start_timer(const ChangeSet::SessionBegan& session);

  Task<void> keep_time();
  Task<Result<bool>> renew_on_main(std::string session_id);
  Task<Result<bool>> renew_once(std::string session_id, Nanos time_left);
  Task<Result<bool>> renew_here(std::string session_id);
  Task<Result<void>> hold_lease();
  Task<Result<std::string>> answer_renewals(std::string body);
  Task<void> expire(std::string session_id, std::uint64_t leadership);
  Task<void> reap_tombstones(std::uint64_t through, std::uint64_t leadership);
  Task<void> reap_lock_delays(std::uint64_t leadership);
  bool still_leads(std::uint64_t leadership) const {
    return leading_ && !stopped_ && leadership == leadership_;
  }

  Loop& main_;
  Replica& replica_;
  const Clock& clock_;
  std::function<LeaseBasis()> read_basis_;
  Counter& expired_;
  Gauge& active_;

  SessionTimers timers_;
  TombstoneSchedule tombstones_;
  Nanos lock_delays_due_{};  ///< When to reap lock-delays next; zero = none are armed.
  Waiter outcomes_;          ///< An expiry has its outcome, leadership began or ended.
  LeaderRenewals leader_;
  std::uint64_t leadership_ = 0;  ///< Counts the times this server became leader.
  bool leading_ = false;
  bool stopped_ = false;
};

}  // namespace conclave::daemon
