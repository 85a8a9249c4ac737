#include "base/net/listener.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <cerrno>
#include <cstring>
#include <map>
#include <set>
#include <vector>

#include "base/net/address.h"
#include "base/net/repeats.h"
#include "base/run/clock.h"
#include "base/run/log.h"

namespace conclave {

namespace asio = boost::asio;

namespace {

using Acceptor = asio::posix::basic_stream_descriptor<Executor>;

/// Accepted in one go before the other connections get their turn.
constexpr int accept_burst_max = 64;
constexpr Nanos accept_backoff = std::chrono::milliseconds(100);
/// The first byte of a TLS record with a handshake in it.
constexpr char tls_handshake_byte = 0x16;
/// A fatal alert, insufficient_security (71): what keyed_handshake_error() of the caller reads.
constexpr std::string_view no_tls_here("\x15\x03\x03\x00\x02\x02\x47", 7);

bool is_shortage(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

}  // namespace

struct Listener::State : std::enable_shared_from_this<State> {
  State(Loop& on_loop, ListenerLimits with_limits, std::shared_ptr<TlsKeyring> with_keyring,
        Handler with_handler, Metrics& metrics)
      : loop(on_loop),
        limits(with_limits),
        keyring(std::move(with_keyring)),
        handler(std::move(with_handler)),
        accepted(metrics.counter("consul.rpc.accept_conn", "Connections accepted from nodes")),
        refused(metrics.counter("consul.rpc.refused_conn", "Connections of nodes refused")),
        open(metrics.gauge("consul.rpc.open_conn", "Open connections from nodes")) {}

  Loop& loop;
  const ListenerLimits limits;
  const std::shared_ptr<TlsKeyring> keyring;
  Handler handler;
  Counter& accepted;
  Counter& refused;
  Gauge& open;
  std::vector<std::shared_ptr<Acceptor>> acceptors;
  std::set<std::shared_ptr<FramedStream>> greeted;  ///< Whose hello is still being read.
  std::map<std::string, std::uint32_t> per_address;
  std::uint32_t total = 0;
  bool stopping = false;
  Repeats warnings;

  void warn(const std::string& address, const std::string& text) {
    refused.add();
    if (warnings.is_new(address + text, system_clock().boot_now())) {
      log_warn("rpc", "refused a connection from {}: {}", address, text);
    }
  }

  static Task<void> accept_all(std::shared_ptr<State> self, std::shared_ptr<Acceptor> acceptor);
  bool accept_ready(Acceptor& acceptor);
  void admit(int descriptor, const std::string& address);
  std::shared_ptr<void> count(const std::string& address);
};

namespace {

/// From the first byte to the hello; the failure is for our own log, the refusal for the peer too.
struct Greeting {
  std::optional<Hello> hello{};
  std::optional<Refusal> refusal{};
  std::string failure{};  ///< "": somebody looked whether the port is open, and went away.
};

Greeting broken_off(const FramedStream& stream, std::string failure) {
  if (!stream.is_open()) failure = "it did not say in time what it wants";
  return Greeting{.failure = std::move(failure)};
}

Task<Result<void>> receive_raw(FramedStream* stream) {
  const Result<bool> more = co_await stream->receive();
  if (!more) co_return std::unexpected(more.error());
  if (!*more) co_return fail(ErrorCode::io, "it closed before it had said what it wants");
  co_return Result<void>();
}

Task<Greeting> read_hello(std::shared_ptr<FramedStream> stream) {
  std::optional<std::string_view> preamble;
  while (!(preamble = stream->take_raw(preamble_bytes))) {
    const Result<void> done = co_await receive_raw(stream.get());
    if (!done) co_return broken_off(*stream, done.error().message);
  }
  const auto purpose = decode_preamble(*preamble);
  if (!purpose) co_return Greeting{.refusal = purpose.error()};
  const Result<std::string_view> details = co_await stream->read_frame();
  if (!details && details.error().code == ErrorCode::io) {
    co_return broken_off(*stream, details.error().message);
  }
  if (!details) {
    co_return Greeting{.refusal = Refusal{RefusalCode::malformed, details.error().message}};
  }
  co_return Greeting{.hello = Hello{*purpose, std::string(*details)}};
}

/// Settles whether the connection is protected, as it must be or must not.
Task<Greeting> greet(std::shared_ptr<FramedStream> stream, std::shared_ptr<TlsKeyring> keyring) {
  const std::optional<char> first = co_await stream->first_byte();
  if (!first) co_return broken_off(*stream, "");
  const bool is_tls = *first == tls_handshake_byte;
  if (is_tls && keyring == nullptr) {
    co_await FramedStream::close_with(stream, std::string(no_tls_here));
    co_return Greeting{.failure =
                           "it has `encrypt` set, and this server has not: both must have "
                           "the same key"};
  }
  if (!is_tls && keyring != nullptr) {
    co_return Greeting{.refusal = Refusal{RefusalCode::encrypt,
                                          "this cluster has `encrypt` set, and the connection is "
                                          "in the clear"}};
  }
  if (is_tls) {
    const Result<void> done = co_await stream->start_tls(keyring, true);
    if (!done) co_return broken_off(*stream, done.error().message);
  }
  co_return co_await read_hello(stream);
}

}  // namespace

std::shared_ptr<void> Listener::State::count(const std::string& address) {
  ++per_address[address];
  open.set(++total);
  // The count goes down when the stream lets go of it.
  return {nullptr, [weak = weak_from_this(), address](void*) {
            const auto self = weak.lock();
            if (!self) return;
            const auto at = self->per_address.find(address);
            if (--at->second == 0) self->per_address.erase(at);
            self->open.set(--self->total);
          }};
}

namespace {

Task<void> receive_caller(std::shared_ptr<FramedStream> stream, std::shared_ptr<TlsKeyring> keyring,
                          std::function<void(Greeting)> done) {
  Greeting greeting = co_await greet(stream, std::move(keyring));
  stream->lift_deadline();
  done(std::move(greeting));
}

}  // namespace

void Listener::State::admit(int descriptor, const std::string& address) {
  accepted.add();
  StreamSocket socket(loop.executor());
  boost::system::error_code error;
  socket.assign(asio::generic::stream_protocol(AF_INET, 0), descriptor, error);
  if (error) {
    ::close(descriptor);
    return;
  }
  socket.non_blocking(true, error);
  const auto at = per_address.find(address);
  const bool crowded = at != per_address.end() && at->second >= limits.connections_per_address_max;
  if (crowded || total >= limits.connections_max) {
    return warn(address, crowded
                             ? fmt::format("{} connections from one address are the limit",
                                           limits.connections_per_address_max)
                             : fmt::format("{} connections are the limit", limits.connections_max));
  }
  const auto stream = FramedStream::create(loop, std::move(socket), count(address));
  stream->set_deadline(std::chrono::milliseconds(limits.hello_timeout_ms));
  greeted.insert(stream);
  const auto finish = [self = shared_from_this(), stream, address](Greeting greeting) {
    self->greeted.erase(stream);
    if (greeting.hello && !self->stopping) {
      return self->handler(stream, std::move(*greeting.hello));
    }
    if (greeting.refusal) {
      self->warn(address, greeting.refusal->sentence);
      return self->loop.spawn("refuse", refuse(stream, std::move(*greeting.refusal)));
    }
    if (!self->stopping && !greeting.failure.empty()) self->warn(address, greeting.failure);
    stream->close();
  };
  loop.spawn("hello", receive_caller(stream, keyring, finish));
}

bool Listener::State::accept_ready(Acceptor& acceptor) {
  for (int i = 0; i < accept_burst_max; ++i) {
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    const int descriptor = ::accept4(acceptor.native_handle(), reinterpret_cast<sockaddr*>(&from),
                                     &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (descriptor >= 0) {
      admit(descriptor, address_text(from));
    } else if (is_shortage(errno)) {
      log_warn("rpc", "cannot accept connections: {}; raise the limit of open files",
               std::strerror(errno));
      return false;
    } else if (errno != EINTR && errno != ECONNABORTED) {
      return true;
    }
  }
  return true;
}

Task<void> Listener::State::accept_all(std::shared_ptr<State> self,
                                       std::shared_ptr<Acceptor> acceptor) {
  while (!self->stopping) {
    const auto [error] = co_await acceptor->async_wait(Acceptor::wait_read, as_result);
    if (error || self->stopping) co_return;
    if (!self->accept_ready(*acceptor)) co_await sleep_for(self->loop, accept_backoff);
  }
}

Listener::Listener(Loop& loop, ListenerLimits limits, std::shared_ptr<TlsKeyring> keyring,
                   Handler handler, Metrics& metrics)
    : state_(
          std::make_shared<State>(loop, limits, std::move(keyring), std::move(handler), metrics)) {}

Listener::~Listener() { stop(); }

void Listener::serve(int listening_descriptor) {
  const int flags = ::fcntl(listening_descriptor, F_GETFL);
  ::fcntl(listening_descriptor, F_SETFL, flags | O_NONBLOCK);
  auto acceptor = std::make_shared<Acceptor>(state_->loop.executor(), listening_descriptor);
  state_->acceptors.push_back(acceptor);
  state_->loop.spawn("accept nodes", State::accept_all(state_, acceptor));
}

void Listener::stop() {
  state_->stopping = true;
  for (const auto& acceptor : std::exchange(state_->acceptors, {})) {
    boost::system::error_code ignored;
    acceptor->close(ignored);
  }
  for (const auto& stream : std::exchange(state_->greeted, {})) stream->close();
  state_->handler = nullptr;
}

std::uint32_t Listener::open_connections() const { return state_->total; }

Task<void> refuse(std::shared_ptr<FramedStream> stream, Refusal refusal) {
  co_await FramedStream::close_with(std::move(stream), encode_refusal(refusal));
}

}  // namespace conclave
