#include "agent/checks/periodic_runner.h"

#include <optional>
#include <utility>

#include "agent/rules/sync_timing.h"

namespace conclave::agent {

namespace {

/// On the timer's own clock, so that those of one slot wake up at exactly the same time.
Timer::time_point wake_time(Nanos delay, Nanos slot) {
  const Nanos now = Timer::clock_type::now().time_since_epoch();
  return Timer::time_point(run_time(now, delay, slot));
}

}  // namespace

PeriodicRunner::PeriodicRunner(Loop& loop, Times times, Thresholds thresholds, Probe probe,
                               Publish publish)
    : loop_(loop),
      times_(times),
      damper_(thresholds),
      probe_(std::move(probe)),
      publish_(std::move(publish)),
      timer_(loop.context()) {}

void PeriodicRunner::start() { loop_.spawn("check", run(shared_from_this())); }

void PeriodicRunner::stop() {
  stopped_ = true;
  timer_.cancel();
}

Task<void> PeriodicRunner::run(std::shared_ptr<PeriodicRunner> self) {
  const Nanos slot = check_slot(self->times_.interval);
  Nanos delay = self->times_.first_delay;
  while (!self->stopped_) {
    self->timer_.expires_at(wake_time(delay, slot));
    [[maybe_unused]] auto [error] = co_await self->timer_.async_wait(as_result);
    if (self->stopped_) co_return;
    CheckResult result = co_await self->probe_();
    if (self->stopped_) co_return;
    if (const std::optional<CheckStatus> status = self->damper_.judge(result.status)) {
      result.status = *status;
      self->publish_(std::move(result));
    }
    delay = self->times_.interval;
  }
}

}  // namespace conclave::agent
