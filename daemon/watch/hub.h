#pragma once

/// Waiters on topics, one hub per loop. Identical blocking queries on the loop share one
/// SharedQuery: one evaluation and one serialised body, however many wait (design section 4,
/// Watch). No coroutine: run to completion, so that nothing can slip in between opening the read
/// transaction and registering the waiter, which is the proof that no wake-up is lost.

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

namespace conclave::daemon {

/// What a query waits for: any of these topics, or any KV key below a prefix.
struct Interest {
  std::vector<Topic> topics;
  std::vector<std::string> key_prefixes;
};

/// One evaluation of a query against one snapshot.
struct Evaluation {
  std::uint64_t index = 0;         ///< X-Consul-Index, never 0.
  bool index_is_identity = false;  ///< It has no order: due when it is another one.
  bool found =
      true;  ///< False: a "not found" that keeps on waiting while it stays so (contract 2.2).
  int status = 200;
  std::string content_type = "application/json";
  api::SharedBody body;
  std::vector<api::Header> headers;  ///< Besides the index headers.
};

/// Evaluates against rows; called again on each wake-up. Must depend on its captures and the rows
/// only.
using Evaluate = std::function<Evaluation(const ReadRows& rows)>;

struct BlockingQuery {
  /// Equal identities share an evaluation: path, parameters, consistency mode, resolved token,
  /// origin where it matters.
  std::string identity;
  Interest interest;
  Evaluate evaluate;
};

class WatchHub {
 public:
  WatchHub(Loop& loop, Reader& reader, Metrics& metrics);
  ~WatchHub();

  /// Loop thread: publishes a committed batch; wakes exactly the interested. Evaluation happens at
  /// the end of the turn, at most 1 ms a slice, so that a storm of wake-ups does not hold up the
  /// loop.
  void publish(const ChangeSet& changes);

  /// Turns a query that has no answer yet into a parked response. The caller evaluated `query` on
  /// the same loop without suspending since it opened its snapshot. `seen` is that evaluation
  /// (index and found); `deadline` on the boot-time clock. `finish` adds the index and consistency
  /// headers to a response made from an evaluation.
  std::unique_ptr<api::Parked> park(BlockingQuery query, std::uint64_t index,
                                    const Evaluation& seen, Nanos deadline,
                                    std::function<void(api::Response&, const Evaluation&)> finish);

  std::uint64_t waiters() const;

  /// Shared by the hub's own sources.
  struct Impl;

 private:
  std::shared_ptr<Impl> impl_;
};

}  // namespace conclave::daemon
