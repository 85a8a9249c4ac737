#pragma once

/// How long commands take from their acceptance to their outcome, by what they are for, under the
/// names that Consul's dashboards read. Main thread writes.

#include "base/core/duration.h"
#include "base/run/metrics.h"
#include "daemon/command/command.h"

namespace conclave::daemon {

class CommandTimes {
 public:
  /// Registers all of them, at 0.
  explicit CommandTimes(Metrics& metrics);
  /// Commands of the server's own upkeep are not counted.
  void observe(const Command& command, Nanos duration);

 private:
  Histogram& kvs_;
  Histogram& txn_;
  Histogram& session_;
  Histogram& register_;
  Histogram& deregister_;
};

}  // namespace conclave::daemon
