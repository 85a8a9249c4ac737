#include "base/run/loop_thread.h"

#include <latch>
#include <memory>

namespace conclave {

std::thread run_on_own_thread(Loop& loop) {
  const auto running = std::make_shared<std::latch>(1);
  loop.post([running] { running->count_down(); });
  std::thread thread([&loop] { loop.run(); });
  running->wait();
  return thread;
}

}  // namespace conclave
