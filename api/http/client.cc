#include "api/http/client.h"

#include <fmt/format.h>
#include <netdb.h>
#include <sys/un.h>

#include <array>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/basic_resolver.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>
#include <cstring>
#include <memory>
#include <optional>

#include "api/http/response_parser.h"
#include "api/http/url.h"
#include "base/core/text.h"
#include "base/run/clock.h"
#include "base/run/sleep.h"
#include "base/run/waiter.h"

namespace conclave::api {

namespace asio = boost::asio;
using asio::generic::stream_protocol;
using Tcp = asio::ip::tcp;

namespace {

constexpr std::size_t read_bytes = 16 * 1024;

/// "Get" of "GET": how Go begins the error of a failed request.
std::string verb_of(std::string_view method) {
  std::string verb = to_lower_ascii(method);
  if (!verb.empty() && verb[0] >= 'a' && verb[0] <= 'z') verb[0] = static_cast<char>(verb[0] - 32);
  return verb;
}

/// The errno's text as Go has it: "connection refused".
std::string cause_of(const boost::system::error_code& error) {
  std::string text = error.message();
  if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z') text[0] = static_cast<char>(text[0] + 32);
  return text;
}

/// One connection with its deadline: the timer closes the socket, and whatever waits for it wakes
/// with an error.
struct Call : std::enable_shared_from_this<Call> {
  Call(Loop& on_loop, Nanos until)
      : loop(on_loop),
        socket(on_loop.executor()),
        timer(on_loop.executor()),
        resolver(on_loop.executor()),
        resolved(on_loop),
        deadline(until) {}

  void arm() {
    timer.expires_after(deadline - system_clock().boot_now());
    timer.async_wait([weak = weak_from_this()](boost::system::error_code error) {
      const auto self = weak.lock();
      if (!self || error) return;
      self->timed_out = true;
      boost::system::error_code ignored;
      self->socket.close(ignored);
      self->resolved.notify_all();
    });
  }

  Loop& loop;
  asio::basic_stream_socket<stream_protocol, Executor> socket;
  Timer timer;
  asio::ip::basic_resolver<Tcp, Executor> resolver;
  Waiter resolved;
  const Nanos deadline;
  bool timed_out = false;
  bool resolving = false;
  boost::system::error_code resolve_error;
  std::vector<stream_protocol::endpoint> endpoints;
  /// What is dialled, for error texts: "tcp 127.0.0.1:80".
  std::string where;
};

using CallPtr = std::shared_ptr<Call>;

/// Looks the name up. getaddrinfo cannot be interrupted, so that the deadline leaves it behind.
Task<Result<void>> resolve(CallPtr call, std::string host, std::uint16_t port) {
  call->resolving = true;
  call->resolver.async_resolve(
      host, std::to_string(port),
      [call](boost::system::error_code error, const Tcp::resolver::results_type& found) {
        call->resolve_error = error;
        for (const auto& entry : found) call->endpoints.emplace_back(entry.endpoint());
        call->resolving = false;
        call->resolved.notify_all();
      });
  while (call->resolving && !call->timed_out) {
    co_await call->resolved.wait_for(call->deadline - system_clock().boot_now());
    if (system_clock().boot_now() >= call->deadline) call->timed_out = true;
  }
  if (call->timed_out) {
    co_return fail(ErrorCode::io, fmt::format("dial tcp: lookup {}: i/o timeout", host));
  }
  if (call->resolve_error) {
    co_return fail(ErrorCode::io, fmt::format("dial tcp: lookup {}: no such host", host));
  }
  co_return Result<void>();
}

/// Fills the endpoints: the socket file, the literal address, or what the name leads to.
Task<Result<void>> find_endpoints(CallPtr call, Url url) {
  if (url.scheme == "unix") {
    call->where = "unix " + url.host;
    if (url.host.size() >= sizeof(sockaddr_un{}.sun_path)) {
      co_return fail(ErrorCode::bad_request, "dial " + call->where + ": path too long");
    }
    call->endpoints.emplace_back(asio::local::stream_protocol::endpoint(url.host));
    co_return Result<void>();
  }
  boost::system::error_code error;
  const auto address = asio::ip::make_address(url.host, error);
  if (!error) {
    call->endpoints.emplace_back(Tcp::endpoint(address, url.port));
    co_return Result<void>();
  }
  co_return co_await resolve(call, url.host, url.port);
}

std::string endpoint_text(const stream_protocol::endpoint& endpoint) {
  char host[NI_MAXHOST] = "";
  char port[NI_MAXSERV] = "";
  ::getnameinfo(endpoint.data(), static_cast<socklen_t>(endpoint.size()), host, sizeof host, port,
                sizeof port, NI_NUMERICHOST | NI_NUMERICSERV);
  const bool v6 = std::strchr(host, ':') != nullptr;
  return v6 ? fmt::format("tcp [{}]:{}", host, port) : fmt::format("tcp {}:{}", host, port);
}

Task<Result<void>> connect(CallPtr call) {
  std::string cause = "no addresses";
  for (const stream_protocol::endpoint& endpoint : call->endpoints) {
    if (endpoint.protocol().family() != AF_UNIX) call->where = endpoint_text(endpoint);
    boost::system::error_code ignored;
    call->socket.close(ignored);
    const auto [error] = co_await call->socket.async_connect(endpoint, as_result);
    if (!error && !call->timed_out) co_return Result<void>();
    cause = call->timed_out ? "i/o timeout" : "connect: " + cause_of(error);
    if (call->timed_out) break;
  }
  co_return fail(ErrorCode::io, fmt::format("dial {}: {}", call->where, cause));
}

bool names_header(const std::vector<Header>& headers, std::string_view name) {
  for (const Header& header : headers) {
    if (equal_ignoring_case(header.name, name)) return true;
  }
  return false;
}

/// Request line and headers. Line ends inside values would begin headers of their own: refused.
Result<std::string> render(const ClientRequest& request, const Url& url) {
  std::string head = request.method + " " + url.target + " HTTP/1.1\r\n";
  if (!names_header(request.headers, "Host")) head += "Host: " + url.authority + "\r\n";
  for (const Header& header : request.headers) {
    if ((header.name + header.value).find_first_of("\r\n") != std::string::npos) {
      return fail(ErrorCode::bad_request,
                  "net/http: invalid header field value for \"" + header.name + "\"");
    }
    if (equal_ignoring_case(header.name, "Connection") ||
        equal_ignoring_case(header.name, "Content-Length")) {
      continue;
    }
    head += header.name + ": " + header.value + "\r\n";
  }
  if (!url.user_info.empty() && !names_header(request.headers, "Authorization")) {
    head += "Authorization: Basic " + encode_base64(url.user_info) + "\r\n";
  }
  if (!request.body.empty() || (request.method != "GET" && request.method != "HEAD")) {
    head += fmt::format("Content-Length: {}\r\n", request.body.size());
  }
  head += "Connection: close\r\n\r\n";
  return head;
}

std::unexpected<Error> interrupted(const Call& call, const ResponseParser& parser,
                                   const boost::system::error_code& error) {
  if (call.timed_out) {
    return fail(ErrorCode::io,
                parser.head_done()
                    ? "context deadline exceeded (Client.Timeout or context cancellation while "
                      "reading body)"
                    : "context deadline exceeded (Client.Timeout exceeded while awaiting headers)");
  }
  if (error == asio::error::eof) return fail(ErrorCode::io, "EOF");
  return fail(ErrorCode::io, fmt::format("read {}: {}", call.where, cause_of(error)));
}

Task<Result<ClientResponse>> read_response(CallPtr call, const ClientRequest* request) {
  std::vector<char> buffer(read_bytes);
  auto parser =
      std::make_unique<ResponseParser>(request->body_bytes_max, request->method == "HEAD");
  for (;;) {
    const auto [error, size] =
        co_await call->socket.async_read_some(asio::buffer(buffer), as_result);
    ResponseParser::State state;
    if (!error) {
      state = parser->feed({buffer.data(), size});
    } else if (error == asio::error::eof && parser->got_some()) {
      state = parser->end();
    } else {
      co_return interrupted(*call, *parser, error);
    }
    if (state == ResponseParser::State::failed) {
      const std::string text =
          parser->reason() == "unexpected EOF"
              ? parser->reason()
              : "net/http: HTTP/1.x transport connection broken: " + parser->reason();
      co_return fail(ErrorCode::io, text);
    }
    if (state == ResponseParser::State::complete) {
      // 100 Continue and the like: the response proper follows.
      if (parser->response().status / 100 != 1) co_return std::move(parser->response());
      co_return fail(ErrorCode::io, "unexpected informational response");
    }
  }
}

/// `request` outlives the call: it is the caller's own, who awaits.
Task<Result<ClientResponse>> call_once(Loop& loop, const ClientRequest* request, Url url,
                                       Nanos deadline) {
  if (url.scheme == "https") {
    co_return fail(ErrorCode::failed, "https is not supported yet; use http or a unix socket");
  }
  const Result<std::string> head = render(*request, url);
  if (!head) co_return std::unexpected(head.error());
  const auto call = std::make_shared<Call>(loop, deadline);
  call->arm();
  const Result<void> found = co_await find_endpoints(call, url);
  if (!found) co_return std::unexpected(found.error());
  const Result<void> connected = co_await connect(call);
  if (!connected) co_return std::unexpected(connected.error());
  const std::array<asio::const_buffer, 2> pieces{asio::buffer(*head), asio::buffer(request->body)};
  // A server may answer and close before it has read everything: its answer counts.
  co_await asio::async_write(call->socket, pieces, as_result);
  auto response = co_await read_response(call, request);
  call->timer.cancel();
  co_return response;
}

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/// The next request after a redirect: 301 to 303 become a GET without a body, as browsers and Go
/// have it.
void follow(ClientRequest& request, int status) {
  if (status == 307 || status == 308) return;
  if (request.method != "GET" && request.method != "HEAD") request.method = "GET";
  request.body.clear();
}

Task<void> call_and_stop(Loop& loop, ClientRequest request,
                         std::optional<Result<ClientResponse>>* result) {
  *result = co_await http_call(loop, std::move(request));
  loop.stop();
}

}  // namespace

std::string_view ClientResponse::header(std::string_view name) const {
  for (const Header& candidate : headers) {
    if (candidate.name == name) return candidate.value;
  }
  return {};
}

Task<Result<ClientResponse>> http_call(Loop& loop, ClientRequest request) {
  const Nanos deadline = system_clock().boot_now() + request.timeout;
  const std::string verb = verb_of(request.method);
  for (std::uint32_t followed = 0;; ++followed) {
    const std::string doing = fmt::format("{} \"{}\"", verb, request.url);
    Result<Url> url = parse_url(request.url);
    if (!url) co_return fail(doing, url.error());
    if (url->scheme == "unix" && !request.target.empty()) url->target = request.target;
    Result<ClientResponse> response = co_await call_once(loop, &request, *url, deadline);
    if (!response) co_return fail(doing, response.error());
    const std::string_view location = response->header("location");
    if (request.redirects_max == 0 || !is_redirect(response->status) || location.empty() ||
        url->scheme == "unix") {
      co_return response;
    }
    if (followed == request.redirects_max) {
      co_return fail(doing, Error{ErrorCode::failed, fmt::format("stopped after {} redirects",
                                                                 request.redirects_max)});
    }
    follow(request, response->status);
    request.url = resolve_location(*url, location);
  }
}

Result<ClientResponse> http_call_blocking(const ClientRequest& request) {
  Loop loop("http call");
  std::optional<Result<ClientResponse>> result;
  loop.spawn("http call", call_and_stop(loop, request, &result));
  loop.run();
  return std::move(*result);
}

}  // namespace conclave::api
