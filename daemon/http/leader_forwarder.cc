#include "daemon/http/leader_forwarder.h"

#include <utility>

#include "api/rest/respond.h"
#include "api/rpc/forwarded.h"
#include "base/run/clock.h"
#include "base/run/run_on.h"
#include "base/run/sleep.h"

namespace conclave::daemon {
namespace {

constexpr Nanos look_again = std::chrono::milliseconds(50);
/// A change of the servers waits for a majority; the leader gives up before this.
constexpr Nanos call_timeout = std::chrono::seconds(35);

/// Nothing of a coroutine runs before somebody waits for it, so this asks `rpc` on main only.
Task<Result<std::string>> call_on_main(api::Rpc* rpc, std::string address, std::string body) {
  co_return co_await rpc->call(std::move(address), api::RpcMethod::http, std::move(body),
                               call_timeout);
}

}  // namespace

api::HandlerFunction LeaderForwarder::at_leader(api::HandlerFunction handler) {
  return [this, inner = std::move(handler)](api::Request request, std::string rest) {
    return serve(&inner, std::move(request), std::move(rest));
  };
}

/// `handler` is the route's, which outlives its requests.
Task<api::Response> LeaderForwarder::serve(const api::HandlerFunction* handler,
                                           api::Request request, std::string rest) {
  const Nanos deadline = system_clock().boot_now() + hold_timeout_;
  const bool was_forwarded = !request.header(forwarded_mark).empty();
  while (true) {
    const LeaderInfo leader = replica_.leader();
    if (leader.is_leader || was_forwarded) {
      co_return co_await (*handler)(std::move(request), std::move(rest));
    }
    if (!leader.leader_address.empty()) {
      auto reply = co_await call(leader.leader_address, api::encode_forwarded(request, {}));
      if (reply) {
        auto response = api::decode_answer(*reply);
        if (!response) co_return api::error_response(response.error());
        co_return std::move(*response);
      }
      // Not carried out: perhaps another one leads by now.
      const bool again = reply.error().code == ErrorCode::io;
      if (!again) co_return api::error_response(reply.error());
    }
    if (system_clock().boot_now() >= deadline) break;
    co_await sleep_for(loop_, look_again);
  }
  co_return api::error_response({ErrorCode::no_leader, "No cluster leader"});
}

Task<Result<std::string>> LeaderForwarder::call(std::string address, std::string body) {
  auto made = call_on_main(&rpc_, std::move(address), std::move(body));
  if (main_.is_here()) co_return co_await std::move(made);
  co_return co_await run_on(main_, std::move(made));
}

}  // namespace conclave::daemon
