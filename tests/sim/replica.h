#pragma once

/// What daemon/replica, daemon/leases and daemon/watch do on a server, in simulated time: it
/// proposes, answers, permits reads, times sessions and wakes watches. The decisions are the real
/// ones, where they are objects of their own (Proposals, ClusterClock, LeaseClock, SessionTimers,
/// apply); what production does with coroutines and timers around them is done with callbacks here.

#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "daemon/leases/session_timers.h"
#include "daemon/replica/cluster_clock.h"
#include "daemon/replica/lease_clock.h"
#include "daemon/replica/proposals.h"
#include "daemon/replica/replica.h"
#include "daemon/state/change_set.h"
#include "raft/core/node.h"
#include "tests/sim/model.h"
#include "tests/sim/timeline.h"
#include "tests/sim/truth.h"

namespace conclave::sim {

class SimServer;
using daemon::Consistency;

/// A key as a server shows it.
struct Answer {
  raft::Index at;  ///< Applied when it was looked up.
  std::optional<ModelEntry> entry;
  std::uint64_t index = 0;
};

template <class T>
using Done = std::move_only_function<void(Result<T>)>;

class SimReplica {
 public:
  explicit SimReplica(SimServer& server);
  ~SimReplica();

  // --- what clients ask of any server
  void write(daemon::Command command, Done<daemon::Outcome> done);
  void permit(Consistency consistency, Done<void> done);
  Answer look_up(const std::string& key) const;
  /// Answers when the key has a newer index than that, or after `wait`.
  void watch(std::string key, std::uint64_t index, SimTime wait, Done<Answer> done);
  std::vector<Change> changes_after(std::uint64_t revision) const;
  /// True: renewed; false: unknown or expired. With the time when it was granted.
  struct Renewal {
    bool granted = false;
    SimTime at = 0;
  };
  void renew(std::string session, Done<Renewal> done);

  // --- what the server tells it
  void apply(std::span<const raft::Entry> entries);
  void leadership_changed();
  void ready_for_proposal();
  void installed();
  void ticks();   ///< A tick is about to happen.
  void ticked();  ///< It has.

  bool has_lease() const;
  bool leads() const { return leading_; }
  /// 25: proposals, reads and watches that somebody waits for.
  std::uint64_t waiting() const { return proposals_.count() + reads_.size(); }
  std::uint64_t cluster_time_ms() const;

 private:
  struct WaitingRead {
    raft::Index index;
    Done<void> done;
  };
  struct Waiter {
    std::string key;
    std::uint64_t index = 0;
    SimTime until = 0;
    Done<Answer> done;
  };

  // replica_write.cc
  /// `office`: by right of the present leadership only (Proposal::office).
  void submit(daemon::Command command, bool office, Done<daemon::Outcome> done);
  void refuse_outdated();
  void flush_soon();
  void flush();
  void apply_entry(const raft::Entry& entry, daemon::ChangeSet& changes);
  void expire_proposals();
  // replica.cc
  void read_index(Consistency consistency, Done<raft::Index> done);
  void when_applied(raft::Index index, Done<void> done);
  void answer_reads();
  void wake(const daemon::ChangeSet& changes);
  void wake_all();
  void look_at_timers();
  void expire_session(std::string id, std::uint64_t leadership);
  void renew_here(std::string session, SimTime give_up, Done<Renewal> done);
  void renew_by_timer(std::string session, SimTime give_up, Done<Renewal> done);
  raft::Index applied() const;
  SimTime now() const;
  /// Asks this server if it leads, or whoever it takes for the leader, once; without a leader it
  /// waits for one.
  template <class T>
  using Question = std::move_only_function<void(SimReplica&, Done<T>)>;
  template <class T>
  void ask_leader(Question<T> question, SimTime give_up, Done<T> done);

  SimServer& server_;
  daemon::Proposals proposals_;
  bool flush_scheduled_ = false;
  bool leading_ = false;
  std::uint64_t leadership_ = 0;
  daemon::ClusterClock cluster_clock_;
  daemon::LeaseClock lease_clock_;
  daemon::SessionTimers timers_;
  std::list<WaitingRead> reads_;
  std::list<Waiter> waiters_;
  struct Decided {
    daemon::Proposal proposal;
    daemon::Outcome outcome;
  };
  std::vector<Decided> decided_;
};

}  // namespace conclave::sim
