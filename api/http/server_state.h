#pragma once

/// What the connections of one server share, on its loop. Connections keep it alive, because frames
/// that are left over when a loop is destroyed may outlive the server. Internal to api/http.

#include <atomic>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/intrusive/list.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "api/http/connection.h"
#include "api/http/server.h"
#include "api/http/server_metrics.h"
#include "base/run/clock.h"
#include "base/run/sleep.h"
#include "base/run/waiter.h"

namespace conclave::api {

using Listener = boost::asio::posix::basic_stream_descriptor<Executor>;

struct ServerState : std::enable_shared_from_this<ServerState> {
  ServerState(Loop& on_loop, HttpLimits with_limits, HttpServer::Handler& with_handler,
              Metrics& metrics_registry);

  Loop& loop;
  HttpLimits limits;
  HttpServer::Handler& handler;
  const Clock& clock;
  ServerMetrics metrics;
  boost::intrusive::list<Connection, boost::intrusive::base_hook<ConnectionHook>,
                         boost::intrusive::constant_time_size<false>>
      connections;
  std::vector<std::shared_ptr<Listener>> listeners;
  bool stopping = false;
  /// Written on the loop, read anywhere.
  std::atomic<std::uint64_t> open{0};
  std::atomic<std::uint64_t> parked{0};

  /// One receive buffer and one head buffer for all connections: each is used between two
  /// suspensions only.
  std::vector<char> receive_buffer;
  std::string head_buffer;

  /// The value of the Date header, rendered once a second.
  const std::string& date();

  void opened();
  void closed();
  void changed_parked(int by);
  /// Starts the sweep if it does not run: once for all connections, never a timer per request.
  void keep_sweeping();

  Waiter drained;

 private:
  void sweep();
  Nanos sweep_period() const;

  Timer sweep_timer_;
  bool sweeping_ = false;
  std::int64_t date_second_ = -1;
  std::string date_;
};

}  // namespace conclave::api
