#include "base/net/connection.h"

#include <fmt/format.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "base/net/tls_error.h"
#include "base/run/clock.h"

namespace conclave {

namespace asio = boost::asio;
using Tcp = asio::ip::tcp;

namespace {

/// A patient connection pauses for one to two of these.
constexpr Nanos patience_step = std::chrono::milliseconds(2);

std::string endpoint_text(const asio::generic::stream_protocol::endpoint& endpoint) {
  if (endpoint.protocol().family() == AF_UNIX) {
    return fmt::format("unix {}", reinterpret_cast<const sockaddr_un*>(endpoint.data())->sun_path);
  }
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

/// What became of a connect(): 0 or errno; nullopt: nothing yet.
std::optional<int> connect_result(int descriptor) {
  pollfd ready{.fd = descriptor, .events = POLLOUT, .revents = 0};
  if (::poll(&ready, 1, 0) == 0) return std::nullopt;
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size) != 0) return errno;
  return error;
}

}  // namespace

std::shared_ptr<Connection> Connection::create(Loop& loop, Nanos deadline, Reach reach) {
  return std::make_shared<Connection>(Private{}, loop, deadline, reach);
}

Connection::Connection(Private, Loop& loop, Nanos deadline, Reach reach)
    : deadline_(deadline),
      reach_(reach),
      socket_(loop.executor()),
      timer_(loop.executor()),
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

void Connection::attach() {
  if (!unwatched_) return;
  const asio::generic::stream_protocol protocol(dialled_.protocol().family(), 0);
  boost::system::error_code error;
  socket_.assign(protocol, unwatched_.get(), error);
  // Without it the first read or write tells.
  if (!error) unwatched_.release();
  arm(deadline_);
}

/// getaddrinfo cannot be interrupted, so that the deadline leaves it behind.
Task<Result<void>> Connection::look_up(std::string host, std::uint16_t port) {
  resolving_ = true;
  resolver_.emplace(socket_.get_executor());
  resolver_->async_resolve(host, std::to_string(port),
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
  if (path.size() >= sizeof(sockaddr_un{}.sun_path)) {
    co_return fail(ErrorCode::bad_request, "dial unix " + path + ": path too long");
  }
  endpoints_.emplace_back(asio::local::stream_protocol::endpoint(path));
  co_return co_await connect();
}

Task<Result<void>> Connection::connect() {
  std::string failure;
  for (const Endpoint& endpoint : endpoints_) {
    dialled_ = endpoint;
    if (reach_ == Reach::no_metadata && is_metadata(endpoint)) {
      co_return fail(ErrorCode::denied,
                     fmt::format("dial {}: this address is not for checks", where()));
    }
    const int error = co_await connect_to(endpoint);
    if (timed_out_) co_return fail(ErrorCode::io, fmt::format("dial {}: i/o timeout", where()));
    if (error == 0) co_return Result<void>();
    if (failure.empty()) {
      failure = fmt::format("dial {}: connect: {}", where(), system_error(error));
    }
  }
  co_return fail(ErrorCode::io, failure);
}

Task<int> Connection::connect_to(Endpoint endpoint) {
  boost::system::error_code ignored;
  socket_.close(ignored);
  const int family = endpoint.protocol().family();
  unwatched_ = Descriptor(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!unwatched_) co_return errno;
  if (::connect(unwatched_.get(), endpoint.data(), static_cast<socklen_t>(endpoint.size())) == 0) {
    co_return 0;
  }
  if (errno != EINPROGRESS) co_return errno;
  std::optional<int> result = connect_result(unwatched_.get());
  if (result) co_return *result;
  attach();
  while (!result && !timed_out_) {
    const auto [error] = co_await socket_.async_wait(StreamSocket::wait_write, as_result);
    if (error) co_return error.value();
    result = connect_result(socket_.native_handle());
  }
  co_return result.value_or(ETIMEDOUT);
}

std::string Connection::where() const { return endpoint_text(dialled_); }

Task<Result<void>> Connection::start_tls(std::shared_ptr<TlsContext> context, std::string name) {
  attach();
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
    if (!done) co_return fail("read " + where(), done.error());
    co_return done;
  }
  if (unwatched_ && std::exchange(patient_, false)) {
    co_await pause();
    if (auto read = read_now(into)) co_return std::move(*read);
  }
  attach();
  const auto [error, size] =
      co_await socket_.async_read_some(asio::buffer(into.data(), into.size()), as_result);
  if (error == asio::error::eof) co_return std::size_t{0};
  if (error) co_return std::unexpected(read_error(error.value()));
  co_return size;
}

/// Until a time that is the same for all who come now, so that they wake the loop once.
Task<void> Connection::pause() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  const Nanos until = std::min((now / patience_step + 2) * patience_step,
                               now + (deadline_ - system_clock().boot_now()));
  timer_.expires_at(std::chrono::steady_clock::time_point(until));
  [[maybe_unused]] const auto [error] = co_await timer_.async_wait(as_result);
}

std::optional<Result<std::size_t>> Connection::read_now(std::span<char> into) {
  if (!unwatched_) return std::nullopt;
  const ssize_t got = ::recv(unwatched_.get(), into.data(), into.size(), MSG_DONTWAIT);
  if (got >= 0) return static_cast<std::size_t>(got);
  if (errno == EAGAIN || errno == EINTR) return std::nullopt;
  return std::unexpected(read_error(errno));
}

Error Connection::read_error(int error) const {
  return {ErrorCode::io, fmt::format("read {}: {}", where(), system_error(error))};
}

Task<Result<void>> Connection::write(std::string_view bytes) {
  if (tls_ != nullptr) {
    Result<void> done = co_await tls_->write(bytes);
    if (!done) co_return fail("write " + where(), done.error());
    co_return done;
  }
  if (unwatched_) {
    // The first of it, on a new connection: there is room.
    const ssize_t sent = ::send(unwatched_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
      co_return fail(ErrorCode::io, fmt::format("write {}: {}", where(), system_error(errno)));
    }
    bytes.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(sent, 0)));
    if (bytes.empty()) co_return Result<void>();
    attach();
  }
  const auto [error, size] = co_await asio::async_write(
      socket_, asio::const_buffer(bytes.data(), bytes.size()), as_result);
  if (error) {
    co_return fail(ErrorCode::io,
                   fmt::format("write {}: {}", where(), system_error(error.value())));
  }
  co_return Result<void>();
}

void Connection::close() {
  timer_.cancel();
  if (tls_ != nullptr && socket_.is_open()) tls_->say_goodbye();
  unwatched_.close();
  boost::system::error_code ignored;
  socket_.close(ignored);
}

StreamSocket Connection::take_socket() {
  attach();
  timer_.cancel();
  return std::move(socket_);
}

}  // namespace conclave
