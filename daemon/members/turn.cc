#include "daemon/members/turn.h"

namespace conclave::daemon {

Task<Result<TurnTaking::Turn>> TurnTaking::take() {
  const Nanos deadline = clock_.boot_now() + patience_;
  if (taken_ && waiter_.waiting() >= waiting_max_) {
    co_return fail(ErrorCode::too_many, "too many changes of the members are waiting; try again");
  }
  while (taken_) {
    if (!co_await waiter_.wait_for(deadline - clock_.boot_now()) && taken_) {
      co_return fail(ErrorCode::unavailable,
                     "another change of the members takes long; try again later");
    }
  }
  co_return Turn(*this);
}

}  // namespace conclave::daemon
