#include "agent/checks/ttl_runner.h"

#include <utility>

#include "agent/rules/output.h"

namespace conclave::agent {

namespace {

/// While expired there is nothing to wait for but renew(), which cancels the timer.
constexpr Nanos long_time = std::chrono::hours(24);

}  // namespace

TtlRunner::TtlRunner(Loop& loop, const Clock& clock, Nanos ttl, std::string last_output,
                     Publish publish)
    : loop_(loop),
      clock_(clock),
      ttl_(ttl),
      last_output_(std::move(last_output)),
      publish_(std::move(publish)),
      timer_(loop.context()),
      deadline_(clock.boot_now() + ttl) {}

void TtlRunner::start() { loop_.spawn("TTL check", run(shared_from_this())); }

void TtlRunner::stop() {
  stopped_ = true;
  timer_.cancel();
}

void TtlRunner::renew(std::string output) {
  last_output_ = std::move(output);
  deadline_ = clock_.boot_now() + ttl_;
  // The timer is only set anew when it has nothing to look forward to; otherwise it finds the later
  // deadline by itself.
  if (std::exchange(expired_, false)) timer_.cancel();
}

Task<void> TtlRunner::run(std::shared_ptr<TtlRunner> self) {
  while (!self->stopped_) {
    const Nanos left = self->deadline_ - self->clock_.boot_now();
    if (left <= Nanos::zero() && !self->expired_) {
      self->expired_ = true;
      self->publish_({CheckStatus::critical, ttl_expired_output(self->last_output_)});
      continue;
    }
    self->timer_.expires_after(self->expired_ ? long_time : left);
    [[maybe_unused]] auto [error] = co_await self->timer_.async_wait(as_result);
  }
}

}  // namespace conclave::agent
