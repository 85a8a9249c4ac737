#pragma once

/// Waiters on topics, one hub per loop. Identical blocking queries on the loop share one
/// SharedQuery: one evaluation and one serialised body, however many wait (design section 4,
/// Watch). No coroutine: run to completion, so that nothing can slip in between opening the read
/// transaction and registering the waiter, which is the proof that no wake-up is lost.
///
/// What is too large to be evaluated on the loop is evaluated by LargeReads. Then the order is the
/// other one: a waiter is registered before the snapshot is opened; what changes after that has it
/// evaluated again.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "api/http/message.h"
#include "base/core/duration.h"
#include "base/run/loop.h"
#include "base/run/metrics.h"
#include "daemon/state/change_set.h"
#include "daemon/store/store.h"
#include "daemon/watch/evaluation.h"
#include "daemon/watch/large_reads.h"

namespace conclave::daemon {

/// What a query waits for: any of these topics, or any KV key below a prefix.
struct Interest {
  std::vector<Topic> topics;
  std::vector<std::string> key_prefixes;
};

struct BlockingQuery {
  /// Equal identities share an evaluation: path, parameters, consistency mode, resolved token,
  /// origin where it matters.
  std::string identity;
  Interest interest;
  Evaluate evaluate;
};

class WatchHub {
 public:
  WatchHub(Loop& loop, Reader& reader, LargeReads& large, Metrics& metrics);
  ~WatchHub();

  /// Loop thread: publishes a committed batch; wakes exactly the interested. Evaluation happens at
  /// the end of the turn, at most 1 ms a slice, so that a storm of wake-ups does not hold up the
  /// loop.
  void publish(const ChangeSet& changes);

  /// Adds the index and consistency headers to a response made from an evaluation.
  using Finish = std::function<void(api::Response&, const Evaluation&)>;

  /// What the caller's own evaluation found.
  struct Seen {
    std::uint64_t index = 0;
    bool index_is_identity = false;
    bool found = true;
  };

  /// Lets somebody who has seen `index` wait for the next news of a query that others wait for,
  /// without an evaluation: what the last one found is what there still is, or the query is about
  /// to be evaluated. nullptr: nobody waits for it, or it found what is news to this one.
  std::unique_ptr<api::Parked> join(const std::string& identity, std::uint64_t index,
                                    Nanos deadline, Finish finish);
  /// Turns a query that has no answer yet into a parked response. The caller evaluated `query` on
  /// the same loop without suspending since it opened its snapshot; `seen` is of that evaluation;
  /// `deadline` on the boot-time clock.
  std::unique_ptr<api::Parked> park(BlockingQuery query, std::uint64_t index, const Seen& seen,
                                    Nanos deadline, Finish finish);
  /// The same for a query that was too large to be evaluated here: it is evaluated soon, by a
  /// snapshot that is opened after this call, and answered if that is newer than `index`.
  std::unique_ptr<api::Parked> park_large(BlockingQuery query, std::uint64_t index, Nanos deadline,
                                          Finish finish);

  std::uint64_t waiters() const;

  /// Shared by the hub's own sources.
  struct Impl;

 private:
  std::shared_ptr<Impl> impl_;
};

}  // namespace conclave::daemon
