#pragma once

/// Calls that take as long as somebody waits for them, such as blocking queries: the caller may
/// give one up, and the handler is told. And the methods of agents, beside those that servers have
/// among themselves (rpc.h): the numbers are one sequence.

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "api/rpc/rpc.h"

namespace conclave::api {

/// An agent lives; of agents to their server. daemon/members answers these three.
inline constexpr RpcMethod renew_node{10};
/// These agents live; of servers to the leader.
inline constexpr RpcMethod pass_leases{11};
/// The member table.
inline constexpr RpcMethod list_members{12};

/// Tells the handler of a call that nobody waits for its answer any more: the caller gave it up, or
/// its connection ended. On the loop that serves the port.
class CallEnd {
 public:
  /// Told once; at once when it has happened already.
  void on_abandoned(std::function<void()> told) {
    if (abandoned_) return told();
    told_ = std::move(told);
  }
  void abandon() {
    abandoned_ = true;
    if (auto told = std::exchange(told_, nullptr)) told();
  }

 private:
  std::function<void()> told_;
  bool abandoned_ = false;
};

/// As RpcHandler; `end` is never null.
using LastingHandler = std::function<Task<Result<std::string>>(RpcPeer peer, std::string body,
                                                               std::shared_ptr<CallEnd> end)>;

/// Gives up a call that is under way: what was not sent is not, and its handler is told. On the
/// loop that called.
class CallCancel {
 public:
  void cancel() {
    cancelled_ = true;
    if (auto give_up = std::exchange(give_up_, nullptr)) give_up();
  }
  bool is_cancelled() const { return cancelled_; }
  /// For whoever carries out the call; nullptr when it is over.
  void set(std::function<void()> give_up) { give_up_ = std::move(give_up); }

 private:
  std::function<void()> give_up_;
  bool cancelled_ = false;
};

class LastingRpc : public Rpc {
 public:
  /// As call(); cancelled, it is answered ErrorCode::io or unknown_outcome. `cancel` may be null.
  virtual Task<Result<std::string>> call_until(std::string address, RpcMethod method,
                                               std::string body, Nanos timeout,
                                               std::shared_ptr<CallCancel> cancel) = 0;
};

}  // namespace conclave::api
