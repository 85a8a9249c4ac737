#include "agent/dns/recursor.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <utility>

#include "agent/dns/name.h"
#include "base/core/bytes.h"
#include "base/net/address.h"
#include "base/run/random.h"
#include "base/run/sleep.h"

namespace conclave::dns {

namespace asio = boost::asio;

namespace {

/// Of a reply over UDP; the client said how much it takes, and this is the most it can say.
constexpr std::size_t datagram_bytes_max = 65535;
/// What our own questions allow: what passes without fragments (DNS flag day 2020).
constexpr std::uint16_t own_udp_bytes = 1232;
/// Datagrams on one socket that are not the answer.
constexpr int strangers_max = 16;

using UdpSocket = asio::basic_datagram_socket<asio::ip::udp, Executor>;
using TcpSocket = asio::basic_stream_socket<asio::ip::tcp, Executor>;

/// What is asked, to tell its answer by.
struct Expected {
  std::uint16_t id = 0;
  std::string name;
  Type type = Type::a;
  std::uint16_t record_class = 1;
};

bool is_answer(const ForeignReply& reply, const Expected& expected) {
  return reply.id == expected.id && reply.type == expected.type &&
         reply.record_class == expected.record_class && equal_names(reply.name, expected.name);
}

/// A reply that ends the search.
bool settles(const ForeignReply& reply) {
  return reply.rcode == Rcode::no_error || reply.rcode == Rcode::name_error;
}

void set_id(std::string& message, std::uint16_t id) {
  message[0] = static_cast<char>(id >> 8);
  message[1] = static_cast<char>(id & 0xff);
}

template <class Socket>
Task<void> close_after(std::shared_ptr<Socket> socket, std::shared_ptr<Timer> timer) {
  const auto [error] = co_await timer->async_wait(as_result);
  if (!error) {
    boost::system::error_code ignored;
    socket->close(ignored);
  }
}

/// What `socket` waits for ends after `timeout`, unless the timer is cancelled.
template <class Socket>
std::shared_ptr<Timer> limit(Loop& loop, const std::shared_ptr<Socket>& socket, Nanos timeout) {
  auto timer = std::make_shared<Timer>(loop.executor(), timeout);
  loop.spawn("recursor timeout", close_after(socket, timer));
  return timer;
}

std::unexpected<Error> broken(const std::string& server, const std::string& what) {
  return fail(ErrorCode::io, server + ": " + what);
}

Task<Result<std::string>> ask_udp(Loop* loop, HostPort server, std::string message,
                                  Expected expected, Nanos timeout) {
  const asio::ip::udp::endpoint endpoint(asio::ip::make_address(server.host), server.port);
  const auto socket = std::make_shared<UdpSocket>(loop->executor());
  boost::system::error_code error;
  socket->open(endpoint.protocol(), error);
  // Connected: the kernel drops what others send.
  if (!error) socket->connect(endpoint, error);
  if (error) co_return broken(server.host, error.message());
  const auto timer = limit(*loop, socket, timeout);
  auto [send_error, sent] = co_await socket->async_send(asio::buffer(message), as_result);
  std::string reply;
  error = send_error;
  for (int n = 0; !error && n < strangers_max; ++n) {
    reply.resize(datagram_bytes_max);
    auto [receive_error, size] = co_await socket->async_receive(asio::buffer(reply), as_result);
    error = receive_error;
    if (error) break;
    reply.resize(size);
    const auto parsed = parse_reply(reply);
    if (!parsed || !is_answer(*parsed, expected)) continue;
    timer->cancel();
    co_return reply;
  }
  timer->cancel();
  co_return broken(server.host, error ? error.message() : "no answer among what came");
}

Task<Result<std::string>> ask_tcp(Loop* loop, HostPort server, std::string message,
                                  Expected expected, Nanos timeout) {
  const asio::ip::tcp::endpoint endpoint(asio::ip::make_address(server.host), server.port);
  const auto socket = std::make_shared<TcpSocket>(loop->executor());
  const auto timer = limit(*loop, socket, timeout);
  std::string framed;
  append_u16_be(framed, static_cast<std::uint16_t>(message.size()));
  framed += message;
  std::string reply(2, '\0');
  auto [error] = co_await socket->async_connect(endpoint, as_result);
  if (!error) {
    auto [write_error, written] =
        co_await asio::async_write(*socket, asio::buffer(framed), as_result);
    error = write_error;
  }
  for (int part = 0; !error && part < 2; ++part) {
    if (part == 1) {
      reply.resize(std::size_t{static_cast<unsigned char>(reply[0])} << 8 |
                   static_cast<unsigned char>(reply[1]));
    }
    auto [read_error, read] = co_await asio::async_read(*socket, asio::buffer(reply), as_result);
    error = read_error;
  }
  timer->cancel();
  if (error) co_return broken(server.host, error.message());
  const auto parsed = parse_reply(reply);
  if (!parsed || !is_answer(*parsed, expected)) co_return broken(server.host, "no answer");
  co_return reply;
}

}  // namespace

Result<std::string> recursor_address(std::string_view text) {
  boost::system::error_code error;
  const bool bracketed = text.starts_with('[') && text.ends_with(']');
  const std::string bare(bracketed ? text.substr(1, text.size() - 2) : text);
  if (const auto ip = asio::ip::make_address(bare, error); !error) {
    return ip.is_v6() ? "[" + bare + "]:53" : bare + ":53";
  }
  const auto pair = parse_host_port(text);
  if (pair) asio::ip::make_address(pair->host, error);
  if (!pair || error) {
    return fail(ErrorCode::bad_request,
                fmt::format("\"{}\" is not an IP address, or one with a port", text));
  }
  return std::string(text);
}

Recursor::Recursor(Loop& loop, Metrics& metrics)
    : loop_(loop),
      setting_(std::make_shared<const Setting>()),
      asked_(metrics.counter("consul.dns.recursions", "Questions passed on to recursors")),
      failed_(metrics.counter("consul.dns.recursion_failures", "Recursors that gave no answer")) {}

void Recursor::set_options(const DnsOptions& options) {
  setting_ = std::make_shared<const Setting>(
      Setting{options.recursors, options.recursor_strategy, options.recursor_timeout});
}

Task<Result<std::string>> Recursor::pass_on(std::string message, Query query, bool tcp) {
  auto reply = co_await ask(std::move(message), query.name, query.type, query.record_class, tcp);
  if (reply) set_id(*reply, query.id);
  co_return reply;
}

Task<std::vector<Record>> Recursor::look_up(std::string name, Type type) {
  std::vector<Record> records;
  if (setting_->servers.empty()) co_return records;
  const std::string message = encode_query(0, name, type, own_udp_bytes);
  auto reply = co_await ask(message, name, type, 1, false);
  if (!reply) co_return records;
  auto parsed = parse_reply(*reply);
  if (parsed) records = std::move(parsed->answer);
  co_return records;
}

Task<Result<std::string>> Recursor::ask(std::string message, std::string name, Type type,
                                        std::uint16_t record_class, bool tcp) {
  const auto setting = setting_;
  const std::size_t count = setting->servers.size();
  Result<std::string> last = fail(ErrorCode::failed, "there are no recursors");
  std::size_t first = 0;
  if (setting->strategy == RecursorStrategy::random && count > 0) first = random_u64() % count;
  for (std::size_t n = 0; n < count; ++n) {
    const auto server = parse_host_port(setting->servers[(first + n) % count]);
    if (!server) continue;
    const Expected expected{static_cast<std::uint16_t>(random_u64()), name, type, record_class};
    set_id(message, expected.id);
    asked_.add();
    last = tcp ? co_await ask_tcp(&loop_, *server, message, expected, setting->timeout)
               : co_await ask_udp(&loop_, *server, message, expected, setting->timeout);
    if (last) {
      const auto parsed = parse_reply(*last);
      if (parsed && settles(*parsed)) co_return last;
      last = broken(server->host, "it could not answer");
    }
    failed_.add();
  }
  co_return last;
}

}  // namespace conclave::dns
