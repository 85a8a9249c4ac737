#pragma once

/// Watches over one TTL check: when nobody renews it in time, it is critical (contract 7.3). Agent
/// loop.

#include <functional>
#include <memory>
#include <string>

#include "agent/checks/periodic_runner.h"
#include "base/run/clock.h"
#include "base/run/loop.h"
#include "base/run/sleep.h"

namespace conclave::agent {

class TtlRunner : public std::enable_shared_from_this<TtlRunner> {
 public:
  /// `last_output`: what was said before, told when the TTL runs out.
  TtlRunner(Loop& loop, const Clock& clock, Nanos ttl, std::string last_output, Publish publish);

  void start();
  void stop();
  /// It has been running since before this process: boot time. Before start().
  void expire_at(Nanos deadline) { deadline_ = deadline; }
  /// A client was heard: a whole TTL from now.
  void renew(std::string output);
  Nanos ttl() const { return ttl_; }

 private:
  static Task<void> run(std::shared_ptr<TtlRunner> self);

  Loop& loop_;
  const Clock& clock_;
  const Nanos ttl_;
  std::string last_output_;
  const Publish publish_;
  Timer timer_;
  Nanos deadline_;
  bool expired_ = false;
  bool stopped_ = false;
};

}  // namespace conclave::agent
