#pragma once

/// One at a time: whoever holds a Turn; the next of those who wait gets it when it ends.

#include <memory>
#include <utility>

#include "base/core/result.h"
#include "base/run/clock.h"
#include "base/run/waiter.h"

namespace conclave::daemon {

/// Owned by one loop. Turns that outlive it (frames that die with the loop) end without effect.
class TurnTaking {
 public:
  /// At most `waiting_max` wait, each for at most `patience`; then too_many or unavailable.
  TurnTaking(Loop& loop, const Clock& clock, std::size_t waiting_max, Nanos patience)
      : clock_(clock), waiting_max_(waiting_max), patience_(patience), waiter_(loop) {}

  class Turn {
   public:
    explicit Turn(TurnTaking& owner) : owner_(&owner), alive_(owner.alive_) { owner.taken_ = true; }
    ~Turn() {
      if (owner_ == nullptr || alive_.expired()) return;
      owner_->taken_ = false;
      owner_->waiter_.notify_one();
    }
    Turn(Turn&& other) noexcept
        : owner_(std::exchange(other.owner_, nullptr)), alive_(std::move(other.alive_)) {}
    Turn& operator=(Turn&&) = delete;

   private:
    TurnTaking* owner_;
    std::weak_ptr<bool> alive_;
  };

  Task<Result<Turn>> take();

 private:
  const Clock& clock_;
  const std::size_t waiting_max_;
  const Nanos patience_;
  Waiter waiter_;
  bool taken_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace conclave::daemon
