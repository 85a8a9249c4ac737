#include <fmt/format.h>
#include <array>
#include <boost/asio/buffer.hpp>
#include <utility>

#include "api/http/connection.h"
#include "api/http/server_state.h"

namespace conclave::api {

namespace asio = boost::asio;

namespace {

constexpr std::string_view refusal_text =
    "Your IP is issuing too many concurrent connections, please rate limit your calls\n";

bool has_no_body(int status) { return status == 204 || status == 304 || status < 200; }

std::string_view bytes_of(const std::variant<std::string, SharedBody>& body) {
  if (const auto* own = std::get_if<std::string>(&body)) return *own;
  const SharedBody& shared = std::get<SharedBody>(body);
  return shared ? std::string_view(*shared) : std::string_view();
}

std::variant<std::string, SharedBody> take_bytes(Response& response) {
  if (auto* own = std::get_if<std::string>(&response.body)) return std::move(*own);
  return std::move(std::get<SharedBody>(response.body));
}

}  // namespace

Framing Connection::frame(const Response& response) {
  Framing framing;
  framing.close = response.close || !keep_alive_ || server_->stopping;
  if (const auto* stream = std::get_if<std::unique_ptr<BodyStream>>(&response.body)) {
    framing.length = (*stream)->length();
    framing.chunked = !framing.length && http11_;
    if (!framing.length && !http11_) framing.close = true;
  } else if (!has_no_body(response.status)) {
    const auto* own = std::get_if<std::string>(&response.body);
    const auto* shared = std::get_if<SharedBody>(&response.body);
    framing.length = own != nullptr ? own->size() : (*shared ? (*shared)->size() : 0);
  }
  framing.keep_alive_10 = !http11_ && !framing.close;
  return framing;
}

Connection::Next Connection::next_after(const Framing& framing) const {
  return framing.close || server_->stopping ? Next::close : Next::read;
}

Task<Connection::Next> Connection::write(Response response) {
  const bool refused = phase_ == Phase::head || phase_ == Phase::body;
  const Framing framing = frame(response);
  if (std::holds_alternative<std::unique_ptr<BodyStream>>(response.body)) {
    co_return co_await write_stream(std::move(response), framing);
  }
  std::string& head = server_->head_buffer;
  head.clear();
  append_head(head, response, framing, server_->date());
  Unsent unsent;
  unsent.body = take_bytes(response);
  const bool silent = head_only_ || has_no_body(response.status);
  if (silent) unsent.body = std::string();
  const std::string_view body = bytes_of(unsent.body);
  std::size_t sent = 0;
  if (!send(head, body, sent)) co_return Next::close;
  if (sent < head.size() + body.size()) {
    unsent.head = head.substr(std::min(sent, head.size()));
    unsent.offset = sent - (head.size() - unsent.head.size());
    enter(Phase::writing, server_->clock.boot_now());
    const bool written = co_await write_rest(std::move(unsent));
    if (!written) co_return Next::close;
  }
  co_return refused ? Next::linger : next_after(framing);
}

Task<bool> Connection::write_rest(Unsent unsent) {
  const std::string_view body = bytes_of(unsent.body);
  while (!unsent.head.empty() || unsent.offset < body.size()) {
    const auto [error] = co_await socket_.async_wait(StreamSocket::wait_write, as_result);
    if (error || closed_) co_return false;
    std::size_t sent = 0;
    if (!send(unsent.head, body.substr(unsent.offset), sent)) co_return false;
    note_progress(sent);
    const std::size_t of_head = std::min(sent, unsent.head.size());
    unsent.head.erase(0, of_head);
    unsent.offset += sent - of_head;
  }
  co_return true;
}

Task<Connection::Next> Connection::write_stream(Response response, Framing framing) {
  const auto stream = std::move(std::get<std::unique_ptr<BodyStream>>(response.body));
  Unsent unsent;
  append_head(unsent.head, response, framing, server_->date());
  streaming_ = stream.get();
  watch_client();
  std::uint64_t total = 0;
  bool more = !head_only_;
  bool good = true;
  // An endless body may have nothing to say for long: its client is to know that it is there.
  if (!framing.length) good = co_await write_rest(std::exchange(unsent, Unsent{}));
  while (good) {
    std::string piece;
    if (more) {
      enter(Phase::streaming, phase_since_);
      piece = co_await stream->next();
      if (closed_) break;
      total += piece.size();
      if (framing.length && total > *framing.length) break;
    }
    more = !piece.empty();
    if (framing.chunked && !head_only_) {
      unsent.head += more ? fmt::format("{:x}\r\n", piece.size()) : "0\r\n\r\n";
      if (more) piece += "\r\n";
    }
    unsent.body = std::move(piece);
    enter(Phase::writing, server_->clock.boot_now());
    good = co_await write_rest(std::exchange(unsent, Unsent{}));
    if (!more) break;
  }
  streaming_ = nullptr;
  stop_watching();
  // A body shorter than its declared length can only be shown by closing.
  const bool whole = head_only_ || !framing.length || total == *framing.length;
  co_return good&& whole && !more && !closed_ ? next_after(framing) : Next::close;
}

bool Connection::send(std::string_view head, std::string_view body, std::size_t& sent) {
  const std::array<asio::const_buffer, 2> pieces{asio::const_buffer(head.data(), head.size()),
                                                 asio::const_buffer(body.data(), body.size())};
  boost::system::error_code error;
  sent = socket_.write_some(pieces, error);
  if (!error) return true;
  sent = 0;
  return error == asio::error::would_block || error == asio::error::try_again ||
         error == asio::error::interrupted;
}

Task<void> Connection::linger() {
  // Closing with unread bytes resets the connection, and the client loses the response it was sent.
  boost::system::error_code ignored;
  socket_.shutdown(StreamSocket::shutdown_send, ignored);
  enter(Phase::lingering, server_->clock.boot_now());
  std::uint64_t discarded = 0;
  while (!closed_ && discarded <= server_->limits.body_bytes_max) {
    const auto [error] = co_await socket_.async_wait(StreamSocket::wait_read, as_result);
    if (error) break;
    discarded += receive().size();
  }
}

Task<void> Connection::refuse(std::shared_ptr<Connection> self) {
  self->server_->metrics.connections_refused.add();
  const std::string head = fmt::format(
      "HTTP/1.1 429 Too Many Requests\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n"
      "Connection: close\r\n\r\n",
      refusal_text.size());
  std::size_t sent = 0;
  if (self->send(head, refusal_text, sent)) co_await self->linger();
  self->close();
}

}  // namespace conclave::api
