#include "agent/dns/tcp_service.h"

#include <sys/socket.h>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/core/assert.h"
#include "base/core/bytes.h"
#include "base/run/sleep.h"

namespace conclave::dns {

namespace asio = boost::asio;

namespace {

using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;
using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, Executor>;

/// When the system has no descriptors left.
constexpr Nanos accept_backoff = std::chrono::milliseconds(100);

/// A connection, which is closed when its time is up.
struct Session {
  Session(Socket with_socket, Executor executor)
      : socket(std::move(with_socket)), timer(executor) {}

  Socket socket;
  Timer timer;
  bool over = false;

  void close() {
    over = true;
    timer.cancel();
    boost::system::error_code ignored;
    socket.close(ignored);
  }
};

/// Closes the session when its timer runs out; moving the expiry wakes it too.
Task<void> watch(std::shared_ptr<Session> session) {
  while (!session->over) {
    (void)co_await session->timer.async_wait(as_result);
    if (session->timer.expiry() <= std::chrono::steady_clock::now()) session->close();
  }
}

std::string ip_bytes(const asio::ip::address& address) {
  if (address.is_v4()) {
    const auto bytes = address.to_v4().to_bytes();
    return {bytes.begin(), bytes.end()};
  }
  const auto bytes = address.to_v6().to_bytes();
  return {bytes.begin(), bytes.end()};
}

}  // namespace

struct TcpService::State : std::enable_shared_from_this<State> {
  State(Loop& on_loop, Resolver& with_resolver, Pending& with_pending, DnsLimits with_limits,
        Metrics& metrics)
      : loop(on_loop),
        resolver(with_resolver),
        pending(with_pending),
        limits(with_limits),
        questions(metrics.counter("consul.dns.tcp_queries", "Questions over TCP")),
        refused(metrics.counter("consul.dns.tcp_refused", "Connections refused for their number")),
        open(metrics.gauge("consul.dns.tcp_connections", "Open TCP connections of DNS")) {}

  Loop& loop;
  Resolver& resolver;
  Pending& pending;
  const DnsLimits limits;
  Counter& questions;
  Counter& refused;
  Gauge& open;
  std::vector<std::shared_ptr<Acceptor>> acceptors;
  std::set<std::shared_ptr<Session>> sessions;
  std::map<std::string, std::uint32_t> per_address;
  bool stopping = false;

  static Task<void> accept_all(std::shared_ptr<State> self, std::shared_ptr<Acceptor> acceptor);
  static Task<void> serve(std::shared_ptr<State> self, std::shared_ptr<Session> session,
                          std::string address);
  static Task<void> converse(State* self, Session* session, Asker asker);
  static Task<std::string> answer(State* self, std::string question, Asker asker);
  void admit(Socket socket);
};

Task<void> TcpService::State::accept_all(std::shared_ptr<State> self,
                                         std::shared_ptr<Acceptor> acceptor) {
  while (!self->stopping) {
    auto [error, socket] = co_await acceptor->async_accept(as_result);
    if (self->stopping) co_return;
    if (error) {
      co_await sleep_for(self->loop, accept_backoff);
    } else {
      self->admit(std::move(socket));
    }
  }
}

void TcpService::State::admit(Socket socket) {
  boost::system::error_code error;
  const auto peer = socket.remote_endpoint(error);
  if (error) return;
  std::string address = ip_bytes(peer.address());
  if (sessions.size() >= limits.connections_max ||
      per_address[address] >= limits.connections_per_address_max) {
    refused.add();
    return;
  }
  socket.set_option(asio::ip::tcp::no_delay(true), error);
  ++per_address[address];
  const auto session = std::make_shared<Session>(std::move(socket), loop.executor());
  sessions.insert(session);
  open.set(static_cast<double>(sessions.size()));
  session->timer.expires_after(limits.idle_timeout);
  loop.spawn("dns connection timeout", watch(session));
  loop.spawn("dns over tcp", serve(shared_from_this(), session, std::move(address)));
}

Task<void> TcpService::State::serve(std::shared_ptr<State> self, std::shared_ptr<Session> session,
                                    std::string address) {
  const Asker asker{.transport = Transport::tcp, .is_neighbour = is_neighbour(address)};
  co_await converse(self.get(), session.get(), asker);
  session->close();
  self->sessions.erase(session);
  self->open.set(static_cast<double>(self->sessions.size()));
  if (--self->per_address[address] == 0) self->per_address.erase(address);
}

Task<void> TcpService::State::converse(State* self, Session* session, Asker asker) {
  std::string question;
  while (!self->stopping) {
    session->timer.expires_after(self->limits.idle_timeout);
    question.resize(2);
    auto [head_error, head] =
        co_await asio::async_read(session->socket, asio::buffer(question), as_result);
    if (head_error) co_return;
    const std::size_t size = std::size_t{static_cast<unsigned char>(question[0])} << 8 |
                             static_cast<unsigned char>(question[1]);
    if (size > self->limits.query_bytes_max) co_return;
    question.resize(size);
    auto [error, read] =
        co_await asio::async_read(session->socket, asio::buffer(question), as_result);
    if (error) co_return;
    self->questions.add();
    const std::string bytes = co_await answer(self, question, asker);
    if (bytes.empty()) co_return;
    std::string framed;
    append_u16_be(framed, static_cast<std::uint16_t>(bytes.size()));
    framed += bytes;
    session->timer.expires_after(self->limits.idle_timeout);
    auto [write_error, written] =
        co_await asio::async_write(session->socket, asio::buffer(framed), as_result);
    if (write_error) co_return;
  }
}

Task<std::string> TcpService::State::answer(State* self, std::string question, Asker asker) {
  Resolver::Now now = self->resolver.now(question, asker);
  if (now.known) co_return std::move(now.bytes);
  if (self->pending.count >= self->pending.most) co_return self->resolver.unavailable(question);
  ++self->pending.count;
  std::string bytes = co_await self->resolver.later(std::move(question), asker);
  --self->pending.count;
  co_return bytes;
}

TcpService::TcpService(Loop& loop, Resolver& resolver, Pending& pending, DnsLimits limits,
                       Metrics& metrics)
    : state_(std::make_shared<State>(loop, resolver, pending, limits, metrics)) {}

TcpService::~TcpService() { stop(); }

void TcpService::serve(int descriptor) {
  const auto acceptor = std::make_shared<Acceptor>(state_->loop.executor());
  sockaddr_storage own{};
  socklen_t size = sizeof own;
  ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&own), &size);
  boost::system::error_code error;
  acceptor->assign(own.ss_family == AF_INET6 ? asio::ip::tcp::v6() : asio::ip::tcp::v4(),
                   descriptor, error);
  CONCLAVE_ASSERT_WHY(!error, "the descriptor listens");
  state_->acceptors.push_back(acceptor);
  state_->loop.spawn("dns accept", State::accept_all(state_, acceptor));
}

void TcpService::stop() {
  state_->stopping = true;
  for (const auto& acceptor : state_->acceptors) {
    boost::system::error_code ignored;
    acceptor->close(ignored);
  }
  for (const auto& session : state_->sessions) session->close();
}

}  // namespace conclave::dns
