#include "cli/run/watchdog.h"

#include <atomic>
#include <cstdint>
#include <memory>
#if defined(CONCLAVE_HAS_SYSTEMD)
#include <systemd/sd-daemon.h>
#endif

#include "base/run/log.h"
#include "base/run/sleep.h"
#include "cli/run/surroundings.h"

namespace conclave::cli {

namespace {

/// So that one turn that takes long is no reason to be killed.
constexpr int signs_in_limit = 4;

}  // namespace

Nanos watchdog_limit() {
  std::uint64_t micros = 0;
#if defined(CONCLAVE_HAS_SYSTEMD)
  if (::sd_watchdog_enabled(0, &micros) <= 0) micros = 0;
#endif
  return std::chrono::microseconds(micros);
}

Task<void> feed_watchdog(Loop& main, std::vector<Loop*> loops, Nanos limit, const bool* ending) {
  if (limit <= Nanos::zero()) co_return;
  while (!*ending) {
    const auto turned = std::make_shared<std::atomic<std::size_t>>(0);
    for (Loop* loop : loops) loop->post([turned] { ++*turned; });
    co_await sleep_for(main, limit / signs_in_limit);
    if (*turned == loops.size()) {
      notify_systemd("WATCHDOG=1");
    } else {
      log_warn("agent", "A loop has not turned in time: the watchdog is not told: loops={} of={}",
               loops.size() - *turned, loops.size());
    }
  }
}

}  // namespace conclave::cli
