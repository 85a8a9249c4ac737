#pragma once

/// Runs a probe again and again: first after a delay, then an interval after each run has ended, so
/// that runs never overlap, in slots that all checks share (agent/rules/sync_timing.h). Results
/// pass through the check's thresholds. Agent loop.

#include <functional>
#include <memory>
#include <string>

#include "agent/rules/alias.h"
#include "agent/rules/thresholds.h"
#include "base/run/loop.h"
#include "base/run/sleep.h"

namespace conclave::agent {

using Probe = std::function<Task<CheckResult>()>;
/// Takes what is to be shown of a check from now on.
using Publish = std::function<void(CheckResult)>;

class PeriodicRunner : public std::enable_shared_from_this<PeriodicRunner> {
 public:
  struct Times {
    Nanos first_delay{};
    Nanos interval{};
  };
  PeriodicRunner(Loop& loop, Times times, Thresholds thresholds, Probe probe, Publish publish);

  void start();
  /// A run that is under way ends in its own time, and is not published.
  void stop();

 private:
  static Task<void> run(std::shared_ptr<PeriodicRunner> self);

  Loop& loop_;
  const Times times_;
  StatusDamper damper_;
  const Probe probe_;
  const Publish publish_;
  Timer timer_;
  bool stopped_ = false;
};

}  // namespace conclave::agent
