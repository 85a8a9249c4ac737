#pragma once

/// A small server on a free loopback port that checks are pointed at: keeps what it was sent,
/// answers what the test says.

#include <algorithm>
#include <boost/asio/completion_condition.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <deque>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/model/agent_check.h"
#include "base/run/loop.h"

namespace conclave::agent {

/// Turns `loop` until `done()`; false after ten seconds, ten times what anything here takes.
template <class Done>
bool turn_until(Loop& loop, Done done) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!done()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    loop.context().run_one_for(std::chrono::milliseconds(20));
    loop.run_ready();
  }
  return true;
}

/// Runs one task to its end and returns its value.
template <class T>
T result_of(Loop& loop, Task<T> task) {
  auto result = std::make_shared<std::optional<T>>();
  loop.spawn("test", [](Task<T> inner, std::shared_ptr<std::optional<T>> out) -> Task<void> {
    *out = co_await std::move(inner);
  }(std::move(task), result));
  if (!turn_until(loop, [&] { return result->has_value(); })) throw std::runtime_error("too slow");
  return std::move(**result);
}

inline std::shared_ptr<const api::CheckDefinition> shared(api::CheckDefinition check) {
  return std::make_shared<const api::CheckDefinition>(std::move(check));
}

class Target {
 public:
  explicit Target(Loop& loop) : state_(std::make_shared<State>(loop)) {
    loop.spawn("target", serve(state_));
  }
  ~Target() { close(); }
  Target(const Target&) = delete;
  Target& operator=(const Target&) = delete;

  std::string host_port() const { return "127.0.0.1:" + std::to_string(state_->port); }
  std::string url(const std::string& path = "/") const { return "http://" + host_port() + path; }
  /// The whole response to every request from now on.
  void answer(std::string response) { state_->response = std::move(response); }
  /// The whole responses to the next requests; what answer() said follows.
  void answer_in_turn(std::vector<std::string> responses) {
    std::ranges::move(responses, std::back_inserter(state_->in_turn));
  }
  /// Requests are read and never answered.
  void fall_silent() { state_->response.clear(); }
  const std::vector<std::string>& requests() const { return state_->requests; }
  /// From now on connections are refused.
  void close() {
    boost::system::error_code ignored;
    state_->acceptor.close(ignored);
  }

  static std::string http(const std::string& status, const std::string& body,
                          const std::string& headers = {}) {
    return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
           headers + "\r\n" + body;
  }

 private:
  using Tcp = boost::asio::ip::tcp;
  using Acceptor = boost::asio::basic_socket_acceptor<Tcp, Executor>;
  using Socket = boost::asio::basic_stream_socket<Tcp, Executor>;

  struct State {
    explicit State(Loop& loop)
        : acceptor(loop.executor(), Tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0)),
          port(acceptor.local_endpoint().port()) {}
    Acceptor acceptor;
    std::uint16_t port;
    std::string response = http("200 OK", "fine");
    std::deque<std::string> in_turn;
    std::vector<std::string> requests;
    std::vector<std::unique_ptr<Socket>> silent;
  };

  /// Of the body, by Content-Length, after what came with the head.
  static std::size_t missing_bytes(const std::string& read) {
    constexpr std::string_view name = "\r\nContent-Length: ";
    const std::size_t body = read.find("\r\n\r\n") + 4;
    const std::size_t length = read.find(name);
    if (length >= body) return 0;
    const std::size_t whole = body + std::stoul(read.substr(length + name.size()));
    return whole - std::min(whole, read.size());
  }

  static Task<void> serve(std::shared_ptr<State> state) {
    while (state->acceptor.is_open()) {
      auto socket = std::make_unique<Socket>(state->acceptor.get_executor());
      auto [error] = co_await state->acceptor.async_accept(*socket, as_result);
      if (error) co_return;
      std::string head;
      co_await boost::asio::async_read_until(*socket, boost::asio::dynamic_buffer(head), "\r\n\r\n",
                                             as_result);
      const std::size_t missing = missing_bytes(head);
      co_await boost::asio::async_read(*socket, boost::asio::dynamic_buffer(head),
                                       boost::asio::transfer_exactly(missing), as_result);
      state->requests.push_back(head);
      if (state->response.empty()) {
        state->silent.push_back(std::move(socket));
        continue;
      }
      std::string response = state->response;
      if (!state->in_turn.empty()) {
        response = std::move(state->in_turn.front());
        state->in_turn.pop_front();
      }
      co_await boost::asio::async_write(*socket, boost::asio::buffer(response), as_result);
    }
  }

  std::shared_ptr<State> state_;
};

}  // namespace conclave::agent
