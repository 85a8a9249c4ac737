#pragma once

/// Renewals on their way to the leader, from a server that does not lead: what one turn of main
/// brings together is one call. Main thread.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "api/model/field.h"
#include "api/rpc/rpc.h"
#include "base/core/result.h"
#include "base/run/loop.h"
#include "base/run/metrics.h"
#include "base/run/waiter.h"

namespace conclave::daemon {

/// What became of a renewal. Numbers are part of the protocol.
enum class Renewed : std::uint8_t {
  no = 0,  ///< Unknown, or it has ended.
  yes = 1,
  expiring = 2,  ///< Its end is under way; only without `hold`.
};

}  // namespace conclave::daemon

template <>
inline constexpr std::uint64_t conclave::api::enum_end<conclave::daemon::Renewed> = 3;

namespace conclave::daemon {

/// The body of RpcMethod::renew_session.
struct RenewCall {
  std::vector<std::string> sessions;
  /// One session whose end was under way: the answer waits for what becomes of it.
  bool hold = false;

  static constexpr auto fields() {
    return std::tuple{api::field(1, "Sessions", &RenewCall::sessions),
                      api::field(2, "Hold", &RenewCall::hold)};
  }
};

struct RenewAnswer {
  Renewed renewed = Renewed::no;

  static constexpr auto fields() {
    return std::tuple{api::field(1, "Renewed", &RenewAnswer::renewed)};
  }
};

/// One for each session, in their order.
struct RenewAnswers {
  std::vector<RenewAnswer> answers;

  static constexpr auto fields() {
    return std::tuple{api::field(1, "Answers", &RenewAnswers::answers)};
  }
};

class LeaderRenewals {
 public:
  LeaderRenewals(Loop& main, Metrics& metrics);

  void connect(api::Rpc& rpc) { rpc_ = &rpc; }
  bool is_connected() const { return rpc_ != nullptr; }

  /// As the leader at `address` answers. Its errors, those of Rpc::call(), and too_many when too
  /// many wait already.
  Task<Result<bool>> renew(std::string address, std::string session_id, Nanos timeout);

 private:
  struct Batch {
    Batch(Loop& main, std::string to) : address(std::move(to)), arrived(main) {}
    std::string address;
    RenewCall call;
    std::optional<Result<RenewAnswers>> answers;
    Waiter arrived;
  };

  std::shared_ptr<Batch> join(const std::string& address, std::string session_id, Nanos timeout);
  Task<void> send(std::shared_ptr<Batch> batch, Nanos timeout);
  Task<Result<RenewAnswers>> call(std::string address, RenewCall call, Nanos timeout);

  Loop& main_;
  api::Rpc* rpc_ = nullptr;
  Counter& calls_;
  Counter& sessions_;
  std::shared_ptr<Batch> forming_;
  std::size_t waiting_ = 0;
};

}  // namespace conclave::daemon
