#include "api/http/client.h"

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <utility>

#include "api/http/response_parser.h"
#include "api/http/url.h"
#include "base/core/text.h"
#include "base/net/connection.h"
#include "base/run/clock.h"

namespace conclave::api {

namespace {

constexpr std::size_t read_bytes = std::size_t{16} * 1024;
constexpr std::size_t head_bytes = 512;  ///< That most do not exceed.

/// "Get" of "GET": how Go begins the error of a failed request.
std::string verb_of(std::string_view method) {
  std::string verb = to_lower_ascii(method);
  if (!verb.empty() && verb[0] >= 'a' && verb[0] <= 'z') verb[0] = static_cast<char>(verb[0] - 32);
  return verb;
}

bool names_header(const std::vector<Header>& headers, std::string_view name) {
  for (const Header& header : headers) {
    if (equal_ignoring_case(header.name, name)) return true;
  }
  return false;
}

bool ends_line(std::string_view text) { return text.find_first_of("\r\n") != text.npos; }

void append_header(std::string& head, std::string_view name, std::string_view value) {
  head.append(name).append(": ").append(value).append("\r\n");
}

/// Request line and headers. Line ends inside values would begin headers of their own: refused.
Result<std::string> render(const ClientRequest& request, const Url& url) {
  std::string head;
  head.reserve(head_bytes);
  head.append(request.method).append(" ").append(url.target).append(" HTTP/1.1\r\n");
  if (!names_header(request.headers, "Host")) append_header(head, "Host", url.authority);
  for (const Header& header : request.headers) {
    if (ends_line(header.name) || ends_line(header.value)) {
      return fail(ErrorCode::bad_request,
                  "net/http: invalid header field value for \"" + header.name + "\"");
    }
    if (equal_ignoring_case(header.name, "Connection") ||
        equal_ignoring_case(header.name, "Content-Length")) {
      continue;
    }
    append_header(head, header.name, header.value);
  }
  if (!url.user_info.empty() && !names_header(request.headers, "Authorization")) {
    append_header(head, "Authorization", "Basic " + encode_base64(url.user_info));
  }
  if (request.body_source) {
    append_header(head, "Content-Length", std::to_string(request.body_source_bytes));
  } else if (!request.body.empty() || (request.method != "GET" && request.method != "HEAD")) {
    append_header(head, "Content-Length", std::to_string(request.body.size()));
  }
  head += "Connection: close\r\n\r\n";
  return head;
}

using ConnectionPtr = std::shared_ptr<Connection>;

std::unexpected<Error> out_of_time(bool head_done) {
  return fail(ErrorCode::io,
              head_done ? "context deadline exceeded (Client.Timeout or context cancellation while "
                          "reading body)"
                        : "context deadline exceeded (Client.Timeout exceeded while awaiting "
                          "headers)");
}

Task<Result<ClientResponse>> read_response(ConnectionPtr connection, const ClientRequest* request) {
  const auto buffer = std::make_unique_for_overwrite<char[]>(read_bytes);
  auto parser = std::make_unique<ResponseParser>(request->body_bytes_max, request->method == "HEAD",
                                                 request->body_sink);
  for (;;) {
    const Result<std::size_t> size = co_await connection->read_some({buffer.get(), read_bytes});
    if (connection->timed_out()) co_return out_of_time(parser->head_done());
    if (!size) co_return std::unexpected(size.error());
    if (*size == 0 && !parser->got_some()) co_return fail(ErrorCode::io, "EOF");
    const auto state = *size == 0 ? parser->end() : parser->feed({buffer.get(), *size});
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

Task<Result<void>> protect(ConnectionPtr connection, const ClientRequest* request,
                           std::string host) {
  const auto context = request->tls ? request->tls : std::make_shared<TlsContext>();
  if (!request->tls_server_name.empty()) host = request->tls_server_name;
  Result<void> done = co_await connection->start_tls(context, std::move(host));
  if (done) co_return done;
  if (connection->timed_out()) {
    if (request->timeout <= tls_handshake_limit) co_return out_of_time(false);
    co_return fail("net/http", done.error());
  }
  if (connection->peer_speaks_http()) {
    co_return fail(ErrorCode::io, "http: server gave HTTP response to HTTPS client");
  }
  co_return done;
}

/// False: the server takes no more; its answer counts.
Task<Result<bool>> write_source(ConnectionPtr connection, const ClientRequest* request) {
  for (;;) {
    const Result<std::string> piece = request->body_source();
    if (!piece) co_return std::unexpected(piece.error());
    if (piece->empty()) co_return true;
    if (!co_await connection->write(*piece)) co_return false;
  }
}

/// `request` and `url` outlive the call: they are the caller's own, who awaits.
Task<Result<ClientResponse>> call_once(Loop& loop, const ClientRequest* request, const Url* url,
                                       Nanos deadline) {
  const Result<std::string> head = render(*request, *url);
  if (!head) co_return std::unexpected(head.error());
  const ConnectionPtr connection = Connection::create(loop, deadline, request->reach);
  if (request->patient) connection->be_patient();
  Result<void> ready = url->scheme == "unix" ? co_await connection->dial_unix(url->host)
                                             : co_await connection->dial_tcp(url->host, url->port);
  if (ready && url->scheme == "https") ready = co_await protect(connection, request, url->host);
  if (!ready) co_return std::unexpected(ready.error());
  // A server may answer and close before it has read everything: its answer counts.
  if (co_await connection->write(*head)) {
    if (request->body_source) {
      const Result<bool> written = co_await write_source(connection, request);
      if (!written) co_return std::unexpected(written.error());
    } else if (!request->body.empty()) {
      co_await connection->write(request->body);
    }
  }
  auto response = co_await read_response(connection, request);
  connection->close();
  co_return response;
}

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/// What is meant for one host is not shown to the next, as in Go.
bool is_for_one_host(const Header& header) {
  return equal_ignoring_case(header.name, "Authorization") ||
         equal_ignoring_case(header.name, "Cookie") || equal_ignoring_case(header.name, "Host") ||
         equal_ignoring_case(header.name, "X-Consul-Token");
}

/// How the error of a request begins.
std::string doing(const std::string& method, const std::string& url) {
  return fmt::format("{} \"{}\"", verb_of(method), url);
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
  const std::string method = request.method;
  for (std::uint32_t followed = 0;; ++followed) {
    Result<Url> url = parse_url(request.url);
    if (!url) co_return fail(doing(method, request.url), url.error());
    if (url->scheme == "unix" && !request.target.empty()) url->target = request.target;
    Result<ClientResponse> response = co_await call_once(loop, &request, &*url, deadline);
    if (!response) co_return fail(doing(method, request.url), response.error());
    const std::string_view location = response->header("location");
    if (request.redirects_max == 0 || !is_redirect(response->status) || location.empty() ||
        url->scheme == "unix") {
      co_return response;
    }
    if (followed == request.redirects_max) {
      co_return fail(doing(method, request.url),
                     Error{ErrorCode::failed,
                           fmt::format("stopped after {} redirects", request.redirects_max)});
    }
    follow(request, response->status);
    const std::string from = std::exchange(request.url, resolve_location(*url, location));
    const Result<Url> next = parse_url(request.url);
    if (next && next->scheme == "unix") {
      // A web server must not reach through us what listens on this machine only.
      co_return fail(doing(method, from),
                     Error{ErrorCode::denied, "unsupported protocol scheme \"unix\""});
    }
    if (next && !request.redirects_leave_host && !equal_ignoring_case(next->host, url->host)) {
      co_return fail(doing(request.method, request.url),
                     Error{ErrorCode::denied, "redirects to other hosts are not allowed"});
    }
    if (next && (next->authority != url->authority || next->scheme != url->scheme)) {
      std::erase_if(request.headers, is_for_one_host);
    }
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
