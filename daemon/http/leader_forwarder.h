#pragma once

/// Requests that only the leader can answer: on other servers the whole HTTP request goes to the
/// leader (RpcMethod::http), and what that one answers is the answer. A request is forwarded once;
/// while there is no leader it waits, for at most the hold time, then 500 `No cluster leader`.

#include <string>
#include <string_view>

#include "api/http/message.h"
#include "api/rest/router.h"
#include "api/rpc/rpc.h"
#include "base/core/duration.h"
#include "base/run/loop.h"
#include "daemon/replica/replica.h"

namespace conclave::daemon {

/// Marks a request that must not be forwarded again. A client that sends it gets what this server
/// can say by itself.
inline constexpr std::string_view forwarded_mark = "x-conclave-forwarded";

class LeaderForwarder {
 public:
  /// `main` is the loop of `rpc`. All outlive this object. One per front loop, `loop`.
  LeaderForwarder(Loop& loop, Loop& main, Replica& replica, api::Rpc& rpc, Nanos hold_timeout)
      : loop_(loop), main_(main), replica_(replica), rpc_(rpc), hold_timeout_(hold_timeout) {}

  /// The handler of a route that the leader answers: here if this server leads, or if the request
  /// was forwarded to it already.
  api::HandlerFunction at_leader(api::HandlerFunction handler);

 private:
  Task<api::Response> serve(const api::HandlerFunction* handler, api::Request request,
                            std::string rest);
  Task<Result<std::string>> call(std::string address, std::string body);

  Loop& loop_;
  Loop& main_;
  Replica& replica_;
  api::Rpc& rpc_;
  const Nanos hold_timeout_;
};

}  // namespace conclave::daemon
