#include "agent/checks/grpc_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "agent/rules/address.h"
#include "base/core/bytes.h"
#include "base/net/connection.h"
#include "base/run/clock.h"

namespace conclave::agent {

namespace {

constexpr Nanos timeout_default = std::chrono::seconds(10);
constexpr std::size_t frame_head_bytes = 5;  ///< Compressed or not, and the length.

constexpr std::array<std::string_view, 17> code_names = {
    "OK",       "Canceled",       "Unknown",          "InvalidArgument",   "DeadlineExceeded",
    "NotFound", "AlreadyExists",  "PermissionDenied", "ResourceExhausted", "FailedPrecondition",
    "Aborted",  "OutOfRange",     "Unimplemented",    "Internal",          "Unavailable",
    "DataLoss", "Unauthenticated"};
constexpr std::string_view internal = "Internal";
constexpr std::string_view unavailable = "Unavailable";

// Protobuf: a tag is field << 3 | wire type.
constexpr std::uint64_t wire_varint = 0;
constexpr std::uint64_t wire_bytes = 2;
constexpr std::uint64_t tag_service = 1 << 3 | wire_bytes;  ///< HealthCheckRequest.service
constexpr std::uint64_t tag_status = 1 << 3 | wire_varint;  ///< HealthCheckResponse.status
constexpr std::uint64_t status_serving = 1;

std::unexpected<Error> rpc_error(std::string_view code, std::string_view description) {
  return fail(ErrorCode::failed, fmt::format("rpc error: code = {} desc = {}", code, description));
}

std::string_view code_of_http(int status) {
  switch (status) {
    case 400:
      return internal;
    case 401:
      return "Unauthenticated";
    case 403:
      return "PermissionDenied";
    case 404:
      return "Unimplemented";
    case 429:
    case 502:
    case 503:
    case 504:
      return unavailable;
    default:
      return "Unknown";
  }
}

std::string code_name(std::string_view number) {
  std::size_t code = code_names.size();
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), code);
  if (error == std::errc() && end == number.data() + number.size() && code < code_names.size()) {
    return std::string(code_names[code]);
  }
  return fmt::format("Code({})", number);
}

/// grpc-message escapes what is not printable ASCII.
std::string unescape(std::string_view text) {
  std::string plain;
  while (!text.empty()) {
    unsigned value = 0;
    if (text.size() >= 3 && text[0] == '%' &&
        std::from_chars(text.data() + 1, text.data() + 3, value, 16).ptr == text.data() + 3) {
      plain += static_cast<char>(value);
      text.remove_prefix(3);
    } else {
      plain += text.front();
      text.remove_prefix(1);
    }
  }
  return plain;
}

std::string header(const Http2Response& response, const std::string& name) {
  const auto found = response.headers.find(name);
  return found == response.headers.end() ? "" : found->second;
}

/// HealthCheckResponse.status, of which nothing said means 0 (UNKNOWN).
Result<std::uint64_t> health_status(std::string_view message) {
  std::uint64_t status = 0;
  ByteReader reader(message);
  while (reader.ok() && !reader.at_end()) {
    const std::uint64_t tag = reader.varint();
    const std::uint64_t wire = tag & 7;
    if (wire == wire_varint) {
      const std::uint64_t value = reader.varint();
      if (tag == tag_status) status = value;
    } else if (wire == wire_bytes) {
      reader.sized();
    } else {
      reader.set_failed();
    }
  }
  if (!reader.ok()) return rpc_error(internal, "grpc: failed to unmarshal the received message");
  return status;
}

Http2Request request_of(const api::CheckDefinition& check, const std::string& address,
                        std::string_view service, Nanos timeout) {
  Http2Request request;
  request.scheme = check.grpc_use_tls ? "https" : "http";
  const bool named = check.grpc_use_tls && !check.tls_server_name.empty();
  request.authority = named ? check.tls_server_name : address;
  request.path = "/grpc.health.v1.Health/Check";
  const auto millis = std::chrono::ceil<std::chrono::milliseconds>(timeout).count();
  constexpr long eight_digits = 99'999'999;
  request.headers = {{"content-type", "application/grpc"},
                     {"user-agent", "Consul Health Check"},
                     {"te", "trailers"},
                     {"grpc-timeout", fmt::format("{}m", std::min(millis, eight_digits))}};
  request.body = health_request(service);
  return request;
}

}  // namespace

std::string health_request(std::string_view service) {
  std::string message;
  if (!service.empty()) {
    append_varint(message, tag_service);
    append_sized(message, service);
  }
  std::string frame;
  append_u8(frame, 0);
  append_u32_be(frame, static_cast<std::uint32_t>(message.size()));
  return frame + message;
}

Result<void> judge_health(const Http2Response& response) {
  if (response.status != 200 && response.status != 0) {
    return rpc_error(
        code_of_http(response.status),
        fmt::format("unexpected HTTP status code received from server: {}", response.status));
  }
  const std::string code = header(response, "grpc-status");
  if (code.empty() && response.reset != 0) {
    return rpc_error(internal, fmt::format("stream terminated by RST_STREAM with error code: {}",
                                           response.reset));
  }
  if (code.empty()) return rpc_error(internal, "server closed the stream without sending trailers");
  if (code != "0") {
    return rpc_error(code_name(code), unescape(header(response, "grpc-message")));
  }
  std::string_view body = response.body;
  if (body.size() < frame_head_bytes ||
      load_u32_be(body.data() + 1) > body.size() - frame_head_bytes) {
    return rpc_error(internal, "unexpected EOF");
  }
  if (body[0] != 0) {
    return rpc_error(internal, "grpc: compressed flag set with identity or empty encoding");
  }
  CONCLAVE_TRY_ASSIGN(const std::uint64_t status,
                      health_status(body.substr(frame_head_bytes, load_u32_be(body.data() + 1))));
  if (status == status_serving) return {};
  return fail(ErrorCode::failed, "gRPC application didn't report service healthy");
}

namespace {

Task<Result<void>> ask_health(Loop& loop, api::CheckDefinition check,
                              std::shared_ptr<TlsContext> tls) {
  const std::size_t slash = std::min(check.grpc.find('/'), check.grpc.size());
  const std::string address = check.grpc.substr(0, slash);
  const std::string service = slash == check.grpc.size() ? "" : check.grpc.substr(slash + 1);
  const auto broken = [](std::string_view what, const Error& error) {
    return rpc_error(unavailable, fmt::format("connection error: desc = \"transport: {}: {}\"",
                                              what, error.message));
  };
  const std::optional<HostPort> target = split_host_port(address);
  if (!target) {
    co_return broken(
        "Error while dialing",
        {ErrorCode::bad_request, "dial tcp: address " + address + ": missing port in address"});
  }
  const Nanos timeout = check.timeout > Nanos::zero() ? check.timeout : timeout_default;
  const auto connection =
      Connection::create(loop, system_clock().boot_now() + timeout, Reach::no_metadata);
  const auto late = [] { return rpc_error("DeadlineExceeded", "context deadline exceeded"); };
  Result<void> ready = co_await connection->dial_tcp(target->host, target->port);
  if (connection->timed_out()) co_return late();
  if (!ready) co_return broken("Error while dialing", ready.error());
  if (check.grpc_use_tls) {
    const std::string& name = check.tls_server_name.empty() ? target->host : check.tls_server_name;
    ready = co_await connection->start_tls(std::move(tls), name);
    if (connection->timed_out()) co_return late();
    if (!ready) co_return broken("authentication handshake failed", ready.error());
  }
  Http2Client client(connection);
  const Result<Http2Response> response =
      co_await client.post(request_of(check, address, service, timeout));
  if (connection->timed_out()) co_return late();
  if (!response)
    co_return rpc_error(unavailable, "error reading from server: " + response.error().message);
  connection->close();
  co_return judge_health(*response);
}

}  // namespace

Task<CheckResult> probe_grpc(Loop& loop, api::CheckDefinition check, std::uint64_t output_max,
                             std::shared_ptr<TlsContext> tls) {
  const std::string target = check.grpc;
  const Result<void> healthy = co_await ask_health(loop, std::move(check), std::move(tls));
  if (healthy) {
    co_return CheckResult{CheckStatus::passing, "gRPC check " + target + ": success"};
  }
  std::string output = healthy.error().message;
  if (output.size() > output_max) output.resize(output_max);
  co_return CheckResult{CheckStatus::critical, std::move(output)};
}

}  // namespace conclave::agent
