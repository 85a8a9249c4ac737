#include "api/http/connection.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <utility>

#include "api/http/client_table.h"
#include "api/http/server_state.h"
#include "base/core/assert.h"

namespace conclave::api {

namespace asio = boost::asio;

namespace {

/// Pipelined requests that are answered in one go before others get their turn.
constexpr std::uint32_t burst_max = 32;
constexpr std::uint32_t linger_ms = 2'000;
constexpr std::uint32_t progress_bytes = 64 * 1024;

Response plain_text(int status, std::string text) {
  Response response;
  response.status = status;
  response.content_type = "text/plain; charset=utf-8";
  response.body = std::move(text);
  return response;
}

}  // namespace

Connection::Connection(std::shared_ptr<ServerState> server, StreamSocket socket,
                       std::string address, bool counted)
    : server_(std::move(server)),
      socket_(std::move(socket)),
      address_(std::move(address)),
      counted_(counted) {
  server_->connections.push_back(*this);
  server_->opened();
  enter(Phase::idle, server_->clock.boot_now());
}

Connection::~Connection() {
  if (!closed_ && counted_) ClientTable::of_process().leave(address_);
}

Task<void> Connection::run(std::shared_ptr<Connection> self, std::unique_ptr<Response> first) {
  self->parked_.reset();
  Next next = Next::read;
  if (first) {
    next = co_await self->write(std::move(*first));
    first.reset();
  }
  std::uint32_t burst = 0;
  while (next == Next::read && !self->closed_) {
    if (self->input_.empty()) {
      burst = 0;
      self->input_ = std::string();
      self->enter(Phase::idle, self->idle_since());
      const auto [error] = co_await self->socket_.async_wait(StreamSocket::wait_read, as_result);
      if (error) break;
    } else if (++burst % burst_max == 0) {
      co_await yield_turn(self->server_->loop);
    }
    next = co_await self->serve_one();
  }
  if (next == Next::parked && !self->closed_) {
    self->park();
    co_return;
  }
  if (next == Next::linger) co_await self->linger();
  self->close();
}

Task<Connection::Next> Connection::serve_one() {
  std::string_view fresh;
  if (input_.empty()) {
    fresh = receive();
    if (fresh.empty()) co_return closed_ ? Next::close : Next::read;
  }
  RequestParser parser(server_->limits.header_bytes_max);
  enter(Phase::head, server_->clock.boot_now());
  Reading reading = advance(parser, fresh);
  while (reading == Reading::more) {
    if (closed_) co_return Next::close;
    const auto [error] = co_await socket_.async_wait(StreamSocket::wait_read, as_result);
    if (error) co_return Next::close;
    reading = advance(parser, receive());
    BodySink* const sink = parser.request().sink.get();
    if (reading == Reading::more && sink != nullptr && sink->is_full()) co_await sink->drain();
  }
  server_->metrics.requests.add();
  head_only_ = parser.request().method == Method::head;
  if (reading == Reading::refused) {
    server_->metrics.requests_malformed.add();
    const std::unique_ptr<Response> refusal = std::move(refusal_);
    keep_alive_ = false;
    const Next next = co_await write(std::move(*refusal));
    co_return next == Next::read ? Next::linger : next;
  }
  keep_alive_ = parser.keep_alive();
  http11_ = parser.http11();
  parser.request().client_address = address_;
  Histogram& latency = server_->metrics.latency(parser.request().method, parser.request().path);
  const Nanos began = server_->clock.boot_now();
  enter(Phase::handling, began);
  Response response = co_await server_->handler.handle(std::move(parser.request()));
  latency.observe(server_->clock.boot_now() - began);
  if (closed_) co_return Next::close;
  if (response.parked) {
    parked_ = std::move(response.parked);
    co_return Next::parked;
  }
  co_return co_await write(std::move(response));
}

Connection::Reading Connection::advance(RequestParser& parser, std::string_view fresh) {
  if (closed_) return Reading::more;
  note_progress(fresh.size());
  const bool own = !input_.empty();
  if (own) input_.append(fresh);
  const std::string_view bytes = own ? std::string_view(input_) : fresh;
  std::size_t used = 0;
  Reading reading = Reading::more;
  for (;;) {
    std::size_t consumed = 0;
    const RequestParser::State state = parser.feed(bytes.substr(used), consumed);
    used += consumed;
    if (state == RequestParser::State::head_done) {
      reading = judge_head(parser);
      if (reading == Reading::refused) break;
      if (parser.expects_continue() && used == bytes.size()) {
        std::size_t sent = 0;
        send("HTTP/1.1 100 Continue\r\n\r\n", {}, sent);
      }
      continue;
    }
    if (state == RequestParser::State::complete) reading = Reading::complete;
    if (state == RequestParser::State::failed) {
      const std::uint64_t limit = server_->handler.body_limit(parser.request());
      reading = refuse_request(parser.body_over_limit()
                                   ? server_->handler.body_too_large(parser.request(), limit + 1)
                                   : plain_text(parser.status(), parser.reason()));
    }
    break;
  }
  if (own) {
    input_.erase(0, used);
  } else if (used < bytes.size()) {
    input_.assign(bytes.substr(used));
  }
  return reading;
}

Connection::Reading Connection::judge_head(RequestParser& parser) {
  std::uint64_t limit = server_->handler.body_limit(parser.request());
  parser.request().sink = server_->handler.body_sink(parser.request());
  if (!parser.request().sink) limit = std::min(limit, server_->limits.body_bytes_max);
  const std::uint64_t declared = parser.declared_length().value_or(0);
  if (declared > limit) {
    return refuse_request(server_->handler.body_too_large(parser.request(), declared));
  }
  parser.allow_body(limit);
  enter(Phase::body, phase_since_);
  return Reading::more;
}

Connection::Reading Connection::refuse_request(Response response) {
  CONCLAVE_ASSERT(!response.parked);
  refusal_ = std::make_unique<Response>(std::move(response));
  return Reading::refused;
}

std::string_view Connection::receive() {
  boost::system::error_code error;
  std::vector<char>& buffer = server_->receive_buffer;
  const std::size_t size = socket_.read_some(asio::buffer(buffer), error);
  if (!error) return {buffer.data(), size};
  if (error != asio::error::would_block && error != asio::error::try_again &&
      error != asio::error::interrupted) {
    close();
  }
  return {};
}

void Connection::park() {
  enter(Phase::parked, server_->clock.boot_now());
  server_->changed_parked(1);
  keep_ = shared_from_this();
  input_.shrink_to_fit();
  watch_client();
  parked_->start([this](Response response) { answer_parked(std::move(response)); });
}

void Connection::answer_parked(Response response) {
  if (closed_) return;
  CONCLAVE_ASSERT(phase_ == Phase::parked);
  stop_watching();
  server_->changed_parked(-1);
  enter(Phase::writing, server_->clock.boot_now());
  // The caller is a method of *parked_: run() destroys it later, from the loop.
  server_->loop.spawn("http connection", run(std::exchange(keep_, nullptr),
                                             std::make_unique<Response>(std::move(response))));
}

void Connection::watch_client() {
  socket_.async_wait(StreamSocket::wait_read,
                     [self = weak_from_this(), watch = ++watch_](boost::system::error_code error) {
                       if (error) return;
                       if (const auto connection = self.lock()) connection->client_readable(watch);
                     });
}

void Connection::client_readable(std::uint32_t watch) {
  if (closed_ || watch != watch_) return;
  const std::string_view fresh = receive();
  if (closed_) return;
  input_.append(fresh);
  // Whoever sends more than this ahead is not listened to any more; keep-alive probes find out when
  // it dies.
  if (input_.size() < server_->limits.pipelined_bytes_max) watch_client();
}

void Connection::stop_watching() {
  ++watch_;
  boost::system::error_code ignored;
  socket_.cancel(ignored);
}

void Connection::close() {
  if (std::exchange(closed_, true)) return;
  const std::shared_ptr<Connection> keep = std::move(keep_);
  if (streaming_ != nullptr) streaming_->client_gone();
  if (phase_ == Phase::parked) {
    server_->changed_parked(-1);
    parked_.reset();
  }
  boost::system::error_code ignored;
  socket_.close(ignored);
  unlink();
  if (counted_) ClientTable::of_process().leave(address_);
  server_->closed();
}

void Connection::close_if_waiting() {
  const bool endless = streaming_ != nullptr && !streaming_->length();
  const bool busy = phase_ == Phase::handling || phase_ == Phase::writing ||
                    phase_ == Phase::body || phase_ == Phase::streaming;
  if (endless || !busy) close();
}

void Connection::sweep(Nanos now) {
  const HttpLimits& limits = server_->limits;
  std::uint32_t allowed_ms = 0;
  switch (phase_) {
    case Phase::idle:
      allowed_ms = limits.idle_timeout_ms;
      break;
    case Phase::head:
      allowed_ms = limits.header_timeout_ms;
      break;
    case Phase::body:
      allowed_ms = limits.body_timeout_ms;
      break;
    case Phase::writing:
      allowed_ms = limits.write_timeout_ms;
      break;
    case Phase::lingering:
      allowed_ms = linger_ms;
      break;
    case Phase::handling:
    case Phase::streaming:
    case Phase::parked:
      break;
  }
  if (allowed_ms == 0 || now - phase_since_ < std::chrono::milliseconds(allowed_ms)) return;
  if (phase_ != Phase::idle && phase_ != Phase::lingering) server_->metrics.timeouts.add();
  close();
}

void Connection::enter(Phase phase, Nanos now) {
  phase_ = phase;
  phase_since_ = now;
  progress_ = 0;
}

Nanos Connection::idle_since() const {
  // The clock is read for those who look at it only.
  return server_->limits.idle_timeout_ms == 0 ? phase_since_ : server_->clock.boot_now();
}

void Connection::note_progress(std::size_t bytes) {
  // A head has to be complete in its time, however it trickles in.
  if (phase_ == Phase::head) return;
  progress_ += static_cast<std::uint32_t>(bytes);
  if (progress_ >= progress_bytes) enter(phase_, server_->clock.boot_now());
}

}  // namespace conclave::api
