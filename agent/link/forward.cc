// Requests on their way to a server, whichever that is when they get there.

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "agent/link/link.h"
#include "agent/link/repeat.h"
#include "api/rpc/forwarded.h"
#include "base/run/run_on.h"

namespace conclave::agent {
namespace {

/// A server waits for a leader for some seconds, and a change of the servers for a majority.
constexpr Nanos answer_max = std::chrono::seconds(60);
/// A snapshot is read and written whole.
constexpr Nanos snapshot_max = std::chrono::minutes(10);
constexpr Nanos look_max = std::chrono::seconds(4);

api::Response text_response(int status, std::string text) {
  api::Response response;
  response.status = status;
  response.content_type = "text/plain; charset=utf-8";
  response.body = std::move(text);
  return response;
}

api::Response failed_response(const Error& error) {
  if (error.code == ErrorCode::too_many) return text_response(429, error.message);
  if (error.code == ErrorCode::too_large) return text_response(413, error.message);
  return text_response(500, error.message);
}

/// What a server answers when it ends is as good as not sent.
bool is_unsent(const Error& error) {
  return error.code == ErrorCode::io || error.code == ErrorCode::not_found;
}

bool is_of_the_link(const Error& error) {
  return is_unsent(error) || error.code == ErrorCode::unknown_outcome;
}

}  // namespace

Task<api::Response> Link::call(api::Request request) {
  if (main_.is_here()) co_return co_await forward(std::move(request), nullptr);
  co_return co_await run_on(main_, forward(std::move(request), nullptr));
}

Task<api::Response> Link::call_until(api::Request request,
                                     std::shared_ptr<api::CallCancel> cancel) {
  return forward(std::move(request), std::move(cancel));
}

api::Response Link::no_servers() const {
  return text_response(500, why_.empty() ? std::string("No known Consul servers")
                                         : "No known Consul servers: " + why_);
}

Task<api::Response> Link::forward(api::Request request, std::shared_ptr<api::CallCancel> cancel) {
  if (*requests_ >= options_.requests_max) {
    co_return text_response(
        429, fmt::format("{} requests of this agent are under way at servers", *requests_));
  }
  const UnderWay counted(requests_, under_way_);
  const Nanos began = clock_.boot_now();
  const std::optional<Nanos> wait = wait_of(request, options_.waits);
  const bool repeats = may_be_repeated(request);
  std::optional<Nanos> failing_since;
  while (!stopped_) {
    const Nanos now = clock_.boot_now();
    if (server_.empty()) {
      const Nanos left =
          std::max(failing_since.value_or(down_since_), down_since_) + options_.hold - now;
      if (left <= Nanos{} || !co_await wait_for_server(left)) co_return no_servers();
      continue;
    }
    const std::string server = server_;
    Nanos timeout = request.path == "/v1/snapshot" ? snapshot_max : answer_max;
    if (wait) {
      const Nanos rest = std::max(*wait - (now - began), Nanos(std::chrono::milliseconds(1)));
      // The first time it goes as the client wrote it.
      if (failing_since) request.target = with_wait(request.target, rest);
      timeout += rest + rest / 16;
    }
    const std::uint64_t seen = looks_;
    auto answer =
        co_await rpc_.call_until(server, api::RpcMethod::http,
                                 api::encode_forwarded(request, options_.node), timeout, cancel);
    if (answer) {
      auto response = api::decode_answer(*answer);
      if (!response) co_return failed_response(response.error());
      co_return std::move(*response);
    }
    const Error& error = answer.error();
    if ((cancel != nullptr && cancel->is_cancelled()) || !is_of_the_link(error)) {
      co_return failed_response(error);
    }
    suspect(server);
    if (!is_unsent(error) && !repeats) {
      co_return text_response(
          500, error.message +
                   "; whether the write was made is not known: read before you repeat "
                   "it, or give writes an X-Conclave-Request-Id");
    }
    // One that blocked for so long was under way all the time: it fails since now.
    const Nanos failed_at = clock_.boot_now();
    const bool was_blocked = wait && failed_at - now > options_.hold;
    if (!failing_since || was_blocked) failing_since = was_blocked ? failed_at : now;
    if (failed_at - *failing_since > options_.hold + look_max) {
      co_return failed_response(error);
    }
    repeated_.add();
    // Until it is known whether that server lives.
    while (looks_ == seen && server_ == server && !stopped_) {
      if (!co_await looked_.wait_for(look_max)) break;
    }
  }
  co_return text_response(500, "this agent is stopping");
}

}  // namespace conclave::agent
