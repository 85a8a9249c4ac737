#include "tests/bench/acknowledgements.h"

namespace conclave::bench {

void Acknowledgements::add() {
  const std::lock_guard lock(mutex_);
  const Clock::time_point now = Clock::now();
  if (now - last_ >= gap_min) gaps_.push_back({last_, now});
  last_ = now;
  ++count_;
}

void Acknowledgements::add_unknown() {
  const std::lock_guard lock(mutex_);
  ++unknown_;
}

void Acknowledgements::add_refused() {
  const std::lock_guard lock(mutex_);
  ++refused_;
}

}  // namespace conclave::bench
