#include "base/net/connection.h"

#include <fmt/format.h>
#include <netdb.h>
#include <sys/un.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>
#include <cstring>
#include <utility>

#include "base/net/tls_error.h"
#include "base/run/clock.h"

namespace conclave {

namespace asio = boost::asio;
using Tcp = asio::ip::tcp;

namespace {

std::string endpoint_text(const asio::generic::stream_protocol::endpoint& endpoint) {
  char host[NI_MAXHOST] = "";
  char port[NI_MAXSERV] = "";
  ::getnameinfo(endpoint.data(), static_cast<socklen_t>(endpoint.size()), host, sizeof host, port,
                sizeof port, NI_NUMERICHOST | NI_NUMERICSERV);
  const bool v6 = std::strchr(host, ':') != nullptr;
  return v6 ? fmt::format("tcp [{}]:{}", host, port) : fmt::format("tcp {}:{}", host, port);
}

bool is_metadata(const asio::generic::stream_protocol::endpoint& endpoint) {
  static const auto four = asio::ip::make_address_v4("169.254.169.254");
  static const auto six = asio::ip::make_address_v6("fd00:ec2::254");
  if (endpoint.protocol().family() == AF_INET) {
    const auto* raw = reinterpret_cast<const sockaddr_in*>(endpoint.data());
    return raw->sin_addr.s_addr == htonl(four.to_uint());
  }
  if (endpoint.protocol().family() != AF_INET6) return false;
  const auto* raw = reinterpret_cast<const sockaddr_in6*>(endpoint.data());
  const auto mapped = asio::ip::make_address_v6(asio::ip::v4_mapped, four);
  return std::memcmp(&raw->sin6_addr, six.to_bytes().data(), 16) == 0 ||
         std::memcmp(&raw->sin6_addr, mapped.to_bytes().data(), 16) == 0;
}

}  // namespace

std::shared_ptr<Connection> Connection::create(Loop& loop, Nanos deadline, Reach reach) {
  auto made = std::make_shared<Connection>(Private{}, loop, deadline, reach);
  made->arm(deadline);
  return made;
}

Connection::Connection(Private, Loop& loop, Nanos deadline, Reach reach)
    : deadline_(deadline),
      reach_(reach),
      socket_(loop.executor()),
      timer_(loop.executor()),
      resolver_(loop.executor()),
      resolved_(loop) {}

void Connection::arm(Nanos until) {
  timer_.expires_after(until - system_clock().boot_now());
  timer_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
    const auto self = weak.lock();
    if (!self || error) return;
    self->timed_out_ = true;
    boost::system::error_code ignored;
    self->socket_.close(ignored);
    self->resolved_.notify_all();
  });
}

/// getaddrinfo cannot be interrupted, so that the deadline leaves it behind.
Task<Result<void>> Connection::look_up(std::string host, std::uint16_t port) {
  resolving_ = true;
  resolver_.async_resolve(host, std::to_string(port),
                          [self = shared_from_this()](boost::system::error_code error,
                                                      const Tcp::resolver::results_type& found) {
                            self->no_such_host_ = static_cast<bool>(error);
                            for (const auto& entry : found)
                              self->endpoints_.emplace_back(entry.endpoint());
                            self->resolving_ = false;
                            self->resolved_.notify_all();
                          });
  while (resolving_ && !timed_out_) {
    co_await resolved_.wait_for(deadline_ - system_clock().boot_now());
    if (system_clock().boot_now() >= deadline_) timed_out_ = true;
  }
  if (timed_out_) {
    co_return fail(ErrorCode::io, fmt::format("dial tcp: lookup {}: i/o timeout", host));
  }
  if (no_such_host_ || endpoints_.empty()) {
    co_return fail(ErrorCode::io, fmt::format("dial tcp: lookup {}: no such host", host));
  }
  co_return Result<void>();
}

Task<Result<void>> Connection::dial_tcp(std::string host, std::uint16_t port) {
  boost::system::error_code not_numeric;
  const auto address = asio::ip::make_address(host, not_numeric);
  if (!not_numeric) {
    endpoints_.emplace_back(Tcp::endpoint(address, port));
  } else {
    const Result<void> found = co_await look_up(std::move(host), port);
    if (!found) co_return std::unexpected(found.error());
  }
  co_return co_await connect();
}

Task<Result<void>> Connection::dial_unix(std::string path) {
  where_ = "unix " + path;
  if (path.size() >= sizeof(sockaddr_un{}.sun_path)) {
    co_return fail(ErrorCode::bad_request, "dial " + where_ + ": path too long");
  }
  endpoints_.emplace_back(asio::local::stream_protocol::endpoint(path));
  co_return co_await connect();
}

Task<Result<void>> Connection::connect() {
  std::string failure;
  for (const Endpoint& endpoint : endpoints_) {
    if (endpoint.protocol().family() != AF_UNIX) where_ = endpoint_text(endpoint);
    if (reach_ == Reach::no_metadata && is_metadata(endpoint)) {
      co_return fail(ErrorCode::denied,
                     fmt::format("dial {}: this address is not for checks", where_));
    }
    boost::system::error_code ignored;
    socket_.close(ignored);
    const auto [error] = co_await socket_.async_connect(endpoint, as_result);
    if (!error && !timed_out_) co_return Result<void>();
    if (timed_out_) co_return fail(ErrorCode::io, fmt::format("dial {}: i/o timeout", where_));
    if (failure.empty()) {
      failure = fmt::format("dial {}: connect: {}", where_, system_error(error.value()));
    }
  }
  co_return fail(ErrorCode::io, failure);
}

Task<Result<void>> Connection::start_tls(std::shared_ptr<TlsContext> context, std::string name) {
  auto stream = TlsStream::client(socket_, *context, std::move(name));
  if (!stream) co_return std::unexpected(stream.error());
  tls_ = std::move(*stream);
  arm(std::min(deadline_, system_clock().boot_now() + tls_handshake_limit));
  Result<void> done = co_await tls_->handshake();
  if (timed_out_) co_return fail(ErrorCode::io, "TLS handshake timeout");
  arm(deadline_);
  co_return done;
}

Task<Result<std::size_t>> Connection::read_some(std::span<char> into) {
  if (tls_ != nullptr) {
    Result<std::size_t> done = co_await tls_->read_some(into);
    if (!done) co_return fail("read " + where_, done.error());
    co_return done;
  }
  const auto [error, size] =
      co_await socket_.async_read_some(asio::buffer(into.data(), into.size()), as_result);
  if (error == asio::error::eof) co_return std::size_t{0};
  if (error) {
    co_return fail(ErrorCode::io, fmt::format("read {}: {}", where_, system_error(error.value())));
  }
  co_return size;
}

Task<Result<void>> Connection::write(std::string_view bytes) {
  if (tls_ != nullptr) {
    Result<void> done = co_await tls_->write(bytes);
    if (!done) co_return fail("write " + where_, done.error());
    co_return done;
  }
  const auto [error, size] = co_await asio::async_write(
      socket_, asio::const_buffer(bytes.data(), bytes.size()), as_result);
  if (error) {
    co_return fail(ErrorCode::io, fmt::format("write {}: {}", where_, system_error(error.value())));
  }
  co_return Result<void>();
}

void Connection::close() {
  timer_.cancel();
  if (tls_ != nullptr && socket_.is_open()) tls_->say_goodbye();
  boost::system::error_code ignored;
  socket_.close(ignored);
}

StreamSocket Connection::take_socket() {
  timer_.cancel();
  return std::move(socket_);
}

}  // namespace conclave
