#include "tests/bench/driver.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace conclave::bench {

namespace {

[[noreturn]] void give_up(const std::string& sentence) {
  std::fprintf(stderr, "bench_load: %s\n", sentence.c_str());
  std::exit(1);
}

constexpr std::size_t events_max = 256;
constexpr std::size_t read_bytes = 64 * 1024;

volatile std::sig_atomic_t terminated = 0;

}  // namespace

Driver::Driver(std::string host, std::vector<std::uint16_t> ports, SessionMaker make_session)
    : host_(std::move(host)),
      ports_(std::move(ports)),
      make_session_(std::move(make_session)),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)) {}

Driver::~Driver() {
  for (Connection& connection : connections_) {
    std::string last_words;
    connection.session->end(last_words);
    ::send(connection.descriptor, last_words.data(), last_words.size(), MSG_NOSIGNAL);
    ::close(connection.descriptor);
  }
  ::close(epoll_);
}

void Driver::connect(std::size_t count) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  if (::inet_pton(AF_INET, host_.c_str(), &address.sin_addr) != 1) give_up("no address: " + host_);
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint16_t port = ports_[connections_.size() % ports_.size()];
    address.sin_port = htons(port);
    const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0 ||
        ::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      give_up("cannot connect to " + host_ + ":" + std::to_string(port) + ": " +
              std::strerror(errno));
    }
    const int on = 1;
    ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::fcntl(descriptor, F_SETFL, O_NONBLOCK);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = connections_.size();
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event);
    connections_.push_back({descriptor, make_session_(), {}});
  }
}

void Driver::begin(std::size_t number, const Operation& operation) {
  Connection& connection = connections_[number];
  connection.session->begin(operation, connection.unsent);
  flush(connection);
}

void Driver::flush(Connection& connection) {
  while (!connection.unsent.empty()) {
    const ssize_t sent = ::send(connection.descriptor, connection.unsent.data(),
                                connection.unsent.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      connection.unsent.erase(0, static_cast<std::size_t>(sent));
    } else if (errno != EAGAIN && errno != EINTR) {
      give_up(std::string("send: ") + std::strerror(errno));
    }
  }
}

void Driver::read(std::size_t number, const std::function<void(std::size_t)>& completed) {
  static char buffer[read_bytes];
  Connection& connection = connections_[number];
  const ssize_t size = ::recv(connection.descriptor, buffer, sizeof buffer, 0);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (size <= 0) give_up("the server closed a connection");
  const int done =
      connection.session->consume({buffer, static_cast<std::size_t>(size)}, connection.unsent);
  if (!connection.session->failure().empty()) give_up(connection.session->failure());
  flush(connection);
  for (int i = 0; i < done; ++i) completed(number);
}

void Driver::poll(std::chrono::milliseconds timeout,
                  const std::function<void(std::size_t)>& completed) {
  epoll_event events[events_max];
  const int count = ::epoll_wait(epoll_, events, events_max, static_cast<int>(timeout.count()));
  for (int i = 0; i < count; ++i) read(static_cast<std::size_t>(events[i].data.u64), completed);
}

void end_loops_on_sigterm() {
  std::signal(SIGTERM, [](int) { terminated = 1; });
}

LoopResult closed_loop(Driver& driver, std::chrono::milliseconds duration, std::uint64_t count,
                       const std::function<Operation()>& next) {
  LoopResult result;
  std::vector<Clock::time_point> began(driver.size());
  const Clock::time_point start = Clock::now();
  const Clock::time_point end = start + duration;
  std::uint64_t begun = 0;
  std::size_t running = 0;
  bool over = false;
  const auto begin = [&](std::size_t connection) {
    if (over || (count != 0 && begun == count)) return;
    ++begun;
    ++running;
    began[connection] = Clock::now();
    driver.begin(connection, next());
  };
  for (std::size_t i = 0; i < driver.size(); ++i) begin(i);
  while (running > 0) {
    driver.poll(std::chrono::milliseconds(100), [&](std::size_t connection) {
      const Clock::time_point now = Clock::now();
      --running;
      if (!over) {
        ++result.operations;
        result.latency.add(static_cast<std::uint64_t>((now - began[connection]).count()));
      }
      over = over || terminated != 0 || now >= end;
      begin(connection);
    });
    over = over || terminated != 0 || Clock::now() >= end;
  }
  const double span = std::chrono::duration<double>(std::min(Clock::now(), end) - start).count();
  result.seconds = span;
  return result;
}

}  // namespace conclave::bench
