#include "api/http/server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "api/http/client_table.h"
#include "api/http/listen.h"
#include "api/http/server_state.h"
#include "base/core/assert.h"
#include "base/run/log.h"

namespace conclave::api {

namespace asio = boost::asio;

namespace {

constexpr std::size_t receive_buffer_bytes = 64 * 1024;
/// Accepted in one go before the other connections get their turn.
constexpr int accept_burst_max = 64;
constexpr std::chrono::milliseconds accept_backoff{100};
/// Refused clients that are waited for at once; beyond, they are cut off.
constexpr std::uint64_t refused_open_margin = 256;

/// "192.0.2.1" or "2001:db8::1"; "" for UNIX sockets.
std::string address_text(const sockaddr_storage& from) {
  char text[INET6_ADDRSTRLEN] = "";
  if (from.ss_family == AF_INET) {
    const auto& address = reinterpret_cast<const sockaddr_in&>(from);
    inet_ntop(AF_INET, &address.sin_addr, text, sizeof text);
  } else if (from.ss_family == AF_INET6) {
    const auto& address = reinterpret_cast<const sockaddr_in6&>(from);
    if (IN6_IS_ADDR_V4MAPPED(&address.sin6_addr)) {
      inet_ntop(AF_INET, &address.sin6_addr.s6_addr[12], text, sizeof text);
    } else {
      inet_ntop(AF_INET6, &address.sin6_addr, text, sizeof text);
    }
  }
  return text;
}

bool is_shortage(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

void admit(const std::shared_ptr<ServerState>& server, int descriptor,
           const sockaddr_storage& from) {
  server->metrics.connections_accepted.add();
  StreamSocket socket(server->loop.executor());
  boost::system::error_code error;
  socket.assign(asio::generic::stream_protocol(from.ss_family, 0), descriptor, error);
  if (error) {
    ::close(descriptor);
    return;
  }
  socket.non_blocking(true, error);
  std::string address = address_text(from);
  const bool counted = !address.empty();
  if (counted &&
      !ClientTable::of_process().enter(address, server->limits.connections_per_client_max)) {
    const bool crowded = server->open.load(std::memory_order_relaxed) >
                         server->limits.connections_per_client_max + refused_open_margin;
    const auto refused =
        std::make_shared<Connection>(server, std::move(socket), std::move(address), false);
    if (crowded) {
      server->metrics.connections_refused.add();
      refused->close();
    } else {
      server->loop.spawn("http refusal", Connection::refuse(refused));
    }
    return;
  }
  const auto connection =
      std::make_shared<Connection>(server, std::move(socket), std::move(address), counted);
  server->loop.spawn("http connection", Connection::run(connection, nullptr));
}

/// Accepts what is there; false when the process is short of descriptors or memory.
bool accept_ready(const std::shared_ptr<ServerState>& server, Listener& listener) {
  for (int i = 0; i < accept_burst_max; ++i) {
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    const int descriptor = ::accept4(listener.native_handle(), reinterpret_cast<sockaddr*>(&from),
                                     &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (descriptor >= 0) {
      admit(server, descriptor, from);
    } else if (is_shortage(errno)) {
      log_warn("http", "cannot accept connections: {}; raise the limit of open files",
               std::strerror(errno));
      return false;
    } else if (errno != EINTR && errno != ECONNABORTED) {
      return true;
    }
  }
  return true;
}

Task<void> accept_all(std::shared_ptr<ServerState> server, std::shared_ptr<Listener> listener) {
  while (!server->stopping) {
    const auto [error] = co_await listener->async_wait(Listener::wait_read, as_result);
    if (error || server->stopping) co_return;
    if (!accept_ready(server, *listener)) {
      server->metrics.accept_errors.add();
      co_await sleep_for(server->loop, accept_backoff);
    }
  }
}

}  // namespace

ServerState::ServerState(Loop& on_loop, HttpLimits with_limits, HttpServer::Handler& with_handler,
                         Metrics& metrics_registry)
    : loop(on_loop),
      limits(with_limits),
      handler(with_handler),
      clock(system_clock()),
      metrics(metrics_registry),
      receive_buffer(receive_buffer_bytes),
      drained(on_loop),
      sweep_timer_(on_loop.executor()) {}

const std::string& ServerState::date() {
  const auto second = std::chrono::floor<std::chrono::seconds>(clock.wall_now()).count();
  if (second != date_second_) {
    date_second_ = second;
    date_ = format_http_date(second);
  }
  return date_;
}

void ServerState::opened() {
  open.fetch_add(1, std::memory_order_relaxed);
  metrics.connections.set(static_cast<double>(open.load(std::memory_order_relaxed)));
  keep_sweeping();
}

void ServerState::closed() {
  open.fetch_sub(1, std::memory_order_relaxed);
  metrics.connections.set(static_cast<double>(open.load(std::memory_order_relaxed)));
  if (connections.empty()) drained.notify_all();
}

void ServerState::changed_parked(int by) {
  parked.fetch_add(static_cast<std::uint64_t>(static_cast<std::int64_t>(by)),
                   std::memory_order_relaxed);
  metrics.parked.set(static_cast<double>(parked.load(std::memory_order_relaxed)));
}

Nanos ServerState::sweep_period() const {
  std::uint32_t shortest = 4'000;
  for (const std::uint32_t timeout : {limits.header_timeout_ms, limits.body_timeout_ms,
                                      limits.idle_timeout_ms, limits.write_timeout_ms}) {
    if (timeout != 0) shortest = std::min(shortest, timeout);
  }
  return std::chrono::milliseconds(std::max(shortest / 4, 10u));
}

void ServerState::keep_sweeping() {
  if (std::exchange(sweeping_, true)) return;
  sweep_timer_.expires_after(sweep_period());
  sweep_timer_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
    if (const auto self = weak.lock(); self && !error) self->sweep();
  });
}

void ServerState::sweep() {
  sweeping_ = false;
  const Nanos now = clock.boot_now();
  for (auto at = connections.begin(); at != connections.end();) {
    Connection& connection = *at++;
    connection.sweep(now);
  }
  if (!connections.empty()) keep_sweeping();
}

struct HttpServer::Impl {
  std::shared_ptr<ServerState> state;
};

HttpServer::HttpServer(Loop& loop, HttpLimits limits, Handler& handler, Metrics& metrics)
    : impl_(std::make_unique<Impl>(
          Impl{std::make_shared<ServerState>(loop, limits, handler, metrics)})) {}

HttpServer::~HttpServer() {
  // Parked connections keep themselves alive; everything else dies with its frame at the latest.
  ServerState& state = *impl_->state;
  while (!state.connections.empty()) state.connections.front().close();
}

void HttpServer::serve(int listening_descriptor) {
  const auto& state = impl_->state;
  prepare_listener(listening_descriptor);
  auto listener = std::make_shared<Listener>(state->loop.executor(), listening_descriptor);
  state->listeners.push_back(listener);
  state->loop.spawn("http accept", accept_all(state, listener));
}

void HttpServer::limit_connections_per_client(std::uint32_t most) {
  impl_->state->limits.connections_per_client_max = most;
}

Task<void> HttpServer::stop(Nanos grace) {
  const std::shared_ptr<ServerState> state = impl_->state;
  state->stopping = true;
  for (const auto& listener : state->listeners) {
    boost::system::error_code ignored;
    listener->close(ignored);
  }
  state->listeners.clear();
  for (auto at = state->connections.begin(); at != state->connections.end();) {
    Connection& connection = *at++;
    connection.close_if_waiting();
  }
  const Nanos deadline = state->clock.boot_now() + grace;
  while (!state->connections.empty()) {
    const Nanos left = deadline - state->clock.boot_now();
    if (left <= Nanos{} || !co_await state->drained.wait_for(left)) break;
  }
  while (!state->connections.empty()) state->connections.front().close();
}

std::uint64_t HttpServer::open_connections() const {
  return impl_->state->open.load(std::memory_order_relaxed);
}

std::uint64_t HttpServer::parked_queries() const {
  return impl_->state->parked.load(std::memory_order_relaxed);
}

}  // namespace conclave::api
