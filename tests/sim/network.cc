#include "tests/sim/network.h"

namespace conclave::sim {

Network::Network(Timeline& timeline, Rng& rng)
    : timeline_(timeline),
      rng_(rng),
      loss_per_thousand_(rng.chance(1, 2) ? rng.below(100) : 0),
      repeat_per_thousand_(rng.chance(1, 2) ? rng.below(100) : 0),
      delay_max_(rng.chance(1, 3) ? 200 * milliseconds : 10 * milliseconds) {}

SimTime Network::delay() {
  if (!calm_ && rng_.chance(1, 20)) return rng_.below(delay_max_ * 5);
  return rng_.between(50, calm_ ? 5 * milliseconds : delay_max_);
}

bool Network::loses() {
  return !calm_ && loss_per_thousand_ != 0 && rng_.chance(loss_per_thousand_, 1000);
}

void Network::transmit(const Process& from, raft::Message message) {
  const std::size_t to = number_of(message.to);
  if (is_cut(from.number, to) || loses()) return;
  if (!calm_ && repeat_per_thousand_ != 0 && rng_.chance(repeat_per_thousand_, 1000)) {
    timeline_.after(delay(), [this, from, to, message]() mutable {
      if (!is_cut(from.number, to)) deliver(from, to, std::move(message));
    });
  }
  timeline_.after(delay(), [this, from, to, message = std::move(message)]() mutable {
    if (!is_cut(from.number, to)) deliver(from, to, std::move(message));
  });
}

void Network::say(std::size_t from, std::size_t to, Action arrives) {
  if (is_cut(from, to) || loses()) return;
  timeline_.after(delay(), [this, from, to, arrives = std::move(arrives)]() mutable {
    if (!is_cut(from, to)) arrives();
  });
}

}  // namespace conclave::sim
