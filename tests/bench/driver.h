#pragma once

/// Many connections on one epoll, in a closed loop: each sends its next operation when the last one
/// is answered.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/bench/histogram.h"
#include "tests/bench/session.h"

namespace conclave::bench {

using Clock = std::chrono::steady_clock;
using SessionMaker = std::function<std::unique_ptr<Session>()>;

class Driver {
 public:
  /// Ends the process with a sentence when a server does not answer there. Connections go to the
  /// ports in turn.
  Driver(std::string host, std::vector<std::uint16_t> ports, SessionMaker make_session);
  ~Driver();
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  /// Opens connections; their numbers count up from 0.
  void connect(std::size_t count);
  void begin(std::size_t connection, const Operation& operation);
  /// Waits for news at most `timeout`, and calls `completed` for each completion.
  void poll(std::chrono::milliseconds timeout,
            const std::function<void(std::size_t connection)>& completed);
  std::size_t size() const { return connections_.size(); }

 private:
  struct Connection {
    int descriptor = -1;
    std::unique_ptr<Session> session;
    std::string unsent;
  };
  void flush(Connection& connection);
  void read(std::size_t number, const std::function<void(std::size_t)>& completed);

  const std::string host_;
  const std::vector<std::uint16_t> ports_;
  const SessionMaker make_session_;
  int epoll_ = -1;
  std::vector<Connection> connections_;
};

/// From now on SIGTERM ends closed loops early instead of the process.
void end_loops_on_sigterm();

struct LoopResult {
  std::uint64_t operations = 0;
  double seconds = 0;
  Histogram latency;
};

/// Runs the closed loop on all connections until `count` operations are done (0 = no limit) or
/// `duration` is over, or SIGTERM comes; `next` makes operations.
LoopResult closed_loop(Driver& driver, std::chrono::milliseconds duration, std::uint64_t count,
                       const std::function<Operation()>& next);

}  // namespace conclave::bench
