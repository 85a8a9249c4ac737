#pragma once

/// One visit by a Connection: dials, sends, hears the answer, says what came of it.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/net/connection.h"
#include "base/net/tls_context.h"
#include "base/run/clock.h"
#include "base/run/loop.h"

namespace conclave {

/// What one visit is to do and what came of it.
struct Visit {
  std::uint16_t port = 0;
  std::string host = "127.0.0.1";
  std::string name = "127.0.0.1";
  std::shared_ptr<TlsContext> context{};  ///< None: in the clear.
  std::string to_send{};
  std::size_t to_receive = 0;  ///< 0: until the end.
  Nanos patience = std::chrono::seconds(10);
  bool is_patient = false;
};
struct Outcome {
  std::string error{};
  std::string received{};
  bool peer_speaks_http = false;
  bool timed_out = false;
};

inline Task<Outcome> visit(Loop& loop, Visit wish) {
  Outcome outcome;
  const auto connection = Connection::create(loop, system_clock().boot_now() + wish.patience);
  if (wish.is_patient) connection->be_patient();
  Result<void> done = co_await connection->dial_tcp(wish.host, wish.port);
  if (done && wish.context) done = co_await connection->start_tls(wish.context, wish.name);
  outcome.peer_speaks_http = connection->peer_speaks_http();
  std::size_t sent = 0;
  while (done && sent < wish.to_send.size()) {
    // In turns, so that neither side's buffers fill.
    const std::string_view piece = std::string_view(wish.to_send).substr(sent, 32'000);
    done = co_await connection->write(piece);
    sent += piece.size();
    while (done && outcome.received.size() < sent && wish.to_receive != 0) {
      std::vector<char> bytes(20'000);
      const Result<std::size_t> size = co_await connection->read_some(bytes);
      if (!size) done = std::unexpected(size.error());
      if (!size || *size == 0) break;
      outcome.received.append(bytes.data(), *size);
    }
  }
  while (done && wish.to_receive == 0) {
    std::vector<char> bytes(1000);
    const Result<std::size_t> size = co_await connection->read_some(bytes);
    if (!size) done = std::unexpected(size.error());
    if (!size || *size == 0) break;
    outcome.received.append(bytes.data(), *size);
  }
  connection->close();
  outcome.timed_out = connection->timed_out();
  if (!done) outcome.error = done.error().message;
  co_return outcome;
}

inline Task<void> visit_and_stop(Loop& loop, Visit wish, std::optional<Outcome>* out) {
  *out = co_await visit(loop, std::move(wish));
  loop.stop();
}

inline Outcome outcome_of(Visit wish) {
  Loop loop("net");
  std::optional<Outcome> outcome;
  loop.spawn("visit", visit_and_stop(loop, std::move(wish), &outcome));
  loop.run();
  return std::move(*outcome);
}

}  // namespace conclave
