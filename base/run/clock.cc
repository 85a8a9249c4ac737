#include "base/run/clock.h"

#include <ctime>

#include "base/core/assert.h"

namespace conclave {
namespace {

Nanos read_clock(clockid_t id) {
  timespec now{};
  CONCLAVE_ASSERT(clock_gettime(id, &now) == 0);
  return std::chrono::seconds{now.tv_sec} + Nanos{now.tv_nsec};
}

class SystemClock final : public Clock {
 public:
  Nanos boot_now() const override { return read_clock(CLOCK_BOOTTIME); }
  Nanos wall_now() const override { return read_clock(CLOCK_REALTIME); }
};

}  // namespace

const Clock& system_clock() {
  static const SystemClock clock;
  return clock;
}

}  // namespace conclave
