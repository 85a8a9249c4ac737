#pragma once

/// The thread on which answers are made that are too large for a loop that serves others: one at a
/// time, each from a snapshot that is opened when its turn has come and closed as soon as the body
/// is rendered, long before it is sent. One for all loops.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/core/duration.h"
#include "base/run/loop.h"
#include "base/run/metrics.h"
#include "daemon/store/step_thread.h"
#include "daemon/store/store.h"
#include "daemon/watch/evaluation.h"
#include "daemon/watch/spool.h"

namespace conclave::daemon {

struct LargeReadOptions {
  SpoolOptions spool;
  /// How long one evaluation may take. Beyond: unavailable (503).
  Nanos time_max{std::chrono::seconds(10)};
  /// Evaluations that may wait for their turn. Beyond: unavailable (503).
  std::size_t waiting_max = 1024;
};

class LargeReads {
 public:
  struct Job {
    Loop& home;
    /// On `home` when its turn has come; nullopt: nobody wants it any more.
    std::function<std::optional<ReadSnapshot>()> open;
    Evaluate evaluate;
    /// On `home`, unless abandoned. What could not be evaluated is an Evaluation that failed.
    std::function<void(Evaluation)> done;
    /// Set by `home`: nobody wants it any more.
    std::shared_ptr<std::atomic<bool>> abandoned;
  };

  /// `hand`: where the steps go instead of a thread, for tests.
  LargeReads(LargeReadOptions options, Metrics& metrics, StepThread::Hand hand = {});
  ~LargeReads() { stop(); }

  /// Any thread.
  void submit(Job job);
  /// Ends what is under way, and the thread; what waits is left. While the loops that submitted
  /// jobs still exist.
  void stop();

 private:
  using SharedJob = std::shared_ptr<Job>;
  // On the thread.
  void take(SharedJob job);
  void begin(SharedJob job);
  void run(const SharedJob& job, std::shared_ptr<std::optional<ReadSnapshot>> snapshot);
  void begin_next();
  Evaluation evaluate(const Job& job, const ReadRows& rows);
  Evaluation refuse(ErrorCode code, std::string message);

  const LargeReadOptions options_;
  Spool spool_;
  std::atomic<bool> stopping_{false};
  std::deque<SharedJob> waiting_;
  bool busy_ = false;
  Counter& rendered_;
  Counter& refused_;
  StepThread thread_;  ///< Last: it ends before what it works on.
};

}  // namespace conclave::daemon
