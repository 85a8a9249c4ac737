#include "daemon/http/leader_forwarder.h"

#include <algorithm>
#include <array>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "api/http/target.h"
#include "api/model/record.h"
#include "api/rest/respond.h"
#include "base/run/clock.h"
#include "base/run/run_on.h"
#include "base/run/sleep.h"

namespace conclave::daemon {
namespace {

constexpr Nanos look_again = std::chrono::milliseconds(50);
/// A change of the servers waits for a majority; the leader gives up before this.
constexpr Nanos call_timeout = std::chrono::seconds(35);
/// Marks a request that must not be forwarded again. A client that sends it gets what this server
/// can say by itself.
constexpr std::string_view mark = "x-conclave-forwarded";
constexpr std::array<std::string_view, 4> headers_that_matter = {
    "authorization", "content-type", "x-consul-namespace", "x-consul-token"};

struct Pair {
  std::string name;
  std::string value;
  static constexpr auto fields() {
    return std::tuple{api::field(1, "Name", &Pair::name), api::field(2, "Value", &Pair::value)};
  }
};

struct Call {
  std::string method;
  std::string target;
  std::vector<Pair> headers;
  api::Bytes body;
  std::string client_address;
  static constexpr auto fields() {
    using api::field;
    return std::tuple{field(1, "Method", &Call::method), field(2, "Target", &Call::target),
                      field(3, "Headers", &Call::headers), field(4, "Body", &Call::body),
                      field(5, "ClientAddress", &Call::client_address)};
  }
};

struct Reply {
  std::uint64_t status = 0;
  std::string content_type;
  std::vector<Pair> headers;
  api::Bytes body;
  static constexpr auto fields() {
    using api::field;
    return std::tuple{field(1, "Status", &Reply::status),
                      field(2, "ContentType", &Reply::content_type),
                      field(3, "Headers", &Reply::headers), field(4, "Body", &Reply::body)};
  }
};

api::Method method_of(std::string_view text) {
  if (text == "GET") return api::Method::get;
  if (text == "PUT") return api::Method::put;
  if (text == "POST") return api::Method::post;
  if (text == "DELETE") return api::Method::del;
  return api::Method::other;
}

std::string encode_call(const api::Request& request) {
  Call call{.method = request.method_text,
            .target = request.target,
            .headers = {},
            .body = {request.body},
            .client_address = request.client_address};
  for (const std::string_view name : headers_that_matter) {
    const std::string_view value = request.header(name);
    if (!value.empty()) call.headers.push_back({std::string(name), std::string(value)});
  }
  return api::encode_record(call);
}

Result<api::Response> decode_reply(std::string_view bytes) {
  CONCLAVE_TRY_ASSIGN(Reply reply, api::decode_record<Reply>(bytes));
  api::Response response;
  response.status = static_cast<int>(reply.status);
  response.content_type = std::move(reply.content_type);
  for (Pair& header : reply.headers) {
    response.set_header(std::move(header.name), std::move(header.value));
  }
  response.body = std::move(reply.body.data);
  return response;
}

Result<std::string> encode_reply(api::Response response) {
  Reply reply{.status = static_cast<std::uint64_t>(response.status),
              .content_type = std::move(response.content_type)};
  for (api::Header& header : response.headers) {
    reply.headers.push_back({std::move(header.name), std::move(header.value)});
  }
  if (auto* text = std::get_if<std::string>(&response.body)) {
    reply.body.data = std::move(*text);
  } else if (const auto* shared = std::get_if<api::SharedBody>(&response.body)) {
    if (*shared) reply.body.data = **shared;
  } else {
    return fail(ErrorCode::failed, "this answer is too long to be forwarded");
  }
  return api::encode_record(reply);
}

/// Nothing of a coroutine runs before somebody waits for it, so this asks `rpc` on main only.
Task<Result<std::string>> call_on_main(api::Rpc* rpc, std::string address, std::string body) {
  co_return co_await rpc->call(std::move(address), api::RpcMethod::http, std::move(body),
                               call_timeout);
}

Task<Result<std::string>> answer(api::Upstream* server, std::string body) {
  auto call = api::decode_record<Call>(body);
  if (!call) co_return std::unexpected(call.error());
  api::Request request;
  request.method = method_of(call->method);
  request.method_text = std::move(call->method);
  request.client_address = std::move(call->client_address);
  for (Pair& header : call->headers) {
    request.headers.push_back({std::move(header.name), std::move(header.value)});
  }
  request.headers.push_back({std::string(mark), "1"});
  request.body = std::move(call->body.data);
  request.target = std::move(call->target);
  const std::string target = request.target;
  if (!api::parse_target(target, request)) {
    co_return fail(ErrorCode::bad_request, "the forwarded request has no valid target");
  }
  // Whoever forwarded it indents.
  std::erase_if(request.query, [](const auto& parameter) { return parameter.name == "pretty"; });
  co_return encode_reply(co_await server->call(std::move(request)));
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
  const bool was_forwarded = !request.header(mark).empty();
  while (true) {
    const LeaderInfo leader = replica_.leader();
    if (leader.is_leader || was_forwarded) {
      co_return co_await (*handler)(std::move(request), std::move(rest));
    }
    if (!leader.leader_address.empty()) {
      auto reply = co_await call(leader.leader_address, encode_call(request));
      if (reply) {
        auto response = decode_reply(*reply);
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

void serve_forwarded(api::RpcHandlers& handlers, api::Upstream& server) {
  handlers.add(api::RpcMethod::http, [at = &server](api::RpcPeer, std::string body) {
    return answer(at, std::move(body));
  });
}

}  // namespace conclave::daemon
