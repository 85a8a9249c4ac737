#include "base/net/framed_stream.h"

#include <sys/socket.h>

#include <boost/asio/buffer.hpp>
#include <cerrno>
#include <utility>

#include "base/core/assert.h"
#include "base/net/address.h"
#include "base/net/hello.h"
#include "base/net/tls_error.h"

namespace conclave {

namespace asio = boost::asio;

namespace {

/// TLS writes go through in pieces, so that observe() sees them move.
constexpr std::size_t tls_piece_bytes = std::size_t{64} * 1024;
/// A buffer that large frames have grown is given back when there is nothing more to send.
constexpr std::size_t kept_buffer_bytes = 2 * write_bytes_goal;
/// For a refused peer to read why.
constexpr Nanos farewell = std::chrono::seconds(1);
constexpr std::size_t farewell_bytes_max = std::size_t{64} * 1024;

}  // namespace

std::shared_ptr<FramedStream> FramedStream::create(Loop& loop, StreamSocket socket,
                                                   std::shared_ptr<void> lease) {
  return std::make_shared<FramedStream>(Private{}, loop, std::move(socket), std::move(lease));
}

FramedStream::FramedStream(Private, Loop& loop, StreamSocket socket, std::shared_ptr<void> lease)
    : loop_(loop),
      socket_(std::move(socket)),
      lease_(std::move(lease)),
      deadline_(loop.executor()),
      peer_(peer_text(socket_)),
      buffer_(hello_bytes_max) {}

FramedStream::~FramedStream() = default;

void FramedStream::set_silence_max(Nanos silence_max) { set_link_options(socket_, silence_max); }

void FramedStream::set_deadline(Nanos from_now) {
  deadline_.expires_after(from_now);
  deadline_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
    if (const auto self = weak.lock(); self && !error) self->close("i/o timeout");
  });
}

void FramedStream::lift_deadline() { deadline_.cancel(); }

Task<Result<void>> FramedStream::start_tls(std::shared_ptr<TlsKeyring> keyring, bool server) {
  keyring_ = std::move(keyring);
  auto made = server ? TlsStream::keyed_server(socket_, *keyring_)
                     : TlsStream::keyed_client(socket_, *keyring_);
  if (!made) co_return std::unexpected(std::move(made).error());
  tls_ = std::move(*made);
  const Result<void> done = co_await tls_->handshake();
  if (!open_) co_return std::unexpected(closed_error());
  if (!done) co_return std::unexpected(keyed_handshake_error(done.error(), server));
  co_return Result<void>();
}

Task<std::optional<char>> FramedStream::first_byte() {
  for (;;) {
    const auto [error] = co_await socket_.async_wait(StreamSocket::wait_read, as_result);
    if (error || !open_) co_return std::nullopt;
    char byte = 0;
    const ssize_t got = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (got == 1) co_return byte;
    // The loop may take for ours what was meant for a descriptor closed earlier in this turn.
    if (got == 0 || errno != EAGAIN) co_return std::nullopt;
  }
}

Task<Result<std::size_t>> FramedStream::read_some(std::span<char> into) {
  if (tls_ != nullptr) co_return co_await tls_->read_some(into);
  const auto [error, size] =
      co_await socket_.async_read_some(asio::buffer(into.data(), into.size()), as_result);
  if (error == asio::error::eof) co_return std::size_t{0};
  if (error) co_return fail(ErrorCode::io, system_error(error.value()));
  co_return size;
}

Task<Result<bool>> FramedStream::receive() {
  if (!open_) co_return std::unexpected(closed_error());
  const Result<std::size_t> size = co_await read_some(buffer_.room());
  if (!open_) co_return std::unexpected(closed_error());
  if (!size) co_return fail("read " + peer_, size.error());
  if (*size == 0) co_return false;
  buffer_.received(*size);
  has_received_ = true;
  if (meter_.received != nullptr) meter_.received->add(*size);
  co_return true;
}

Task<Result<std::string_view>> FramedStream::read_frame() {
  for (;;) {
    auto frame = next();
    if (!frame) co_return std::unexpected(std::move(frame).error());
    if (*frame) co_return **frame;
    const Result<bool> more = co_await receive();
    if (!more) co_return std::unexpected(more.error());
    if (!*more) co_return fail(ErrorCode::io, "read " + peer_ + ": EOF");
  }
}

Task<Result<std::size_t>> FramedStream::write_some(std::string_view bytes) {
  if (tls_ != nullptr) {
    const std::string_view piece = bytes.substr(0, tls_piece_bytes);
    const Result<void> done = co_await tls_->write(piece);
    if (!done) co_return std::unexpected(done.error());
    co_return piece.size();
  }
  const auto [error, size] =
      co_await socket_.async_write_some(asio::const_buffer(bytes.data(), bytes.size()), as_result);
  if (error) co_return fail(ErrorCode::io, system_error(error.value()));
  co_return size;
}

Task<Result<void>> FramedStream::write(std::string_view bytes) {
  has_sent_ = true;
  writing_ = true;
  while (!bytes.empty()) {
    if (!open_) co_return std::unexpected(closed_error());
    const Result<std::size_t> size = co_await write_some(bytes);
    if (!open_) co_return std::unexpected(closed_error());
    if (!size) co_return fail("write " + peer_, size.error());
    bytes.remove_prefix(*size);
    has_sent_ = true;
    if (meter_.sent != nullptr) meter_.sent->add(*size);
  }
  writing_ = false;
  co_return Result<void>();
}

void FramedStream::set_source(Source source) {
  if (open_) source_ = std::move(source);
}

void FramedStream::wake() {
  if (!open_ || !source_ || std::exchange(pumping_, true)) return;
  loop_.at_end_of_turn([self = shared_from_this()] {
    if (self->open_) self->loop_.spawn("framed stream", pump(self));
  });
}

Task<void> FramedStream::pump(std::shared_ptr<FramedStream> self) {
  while (self->open_) {
    self->out_.clear();
    self->filling_ = true;
    self->source_(self->out_);
    self->filling_ = false;
    if (!self->open_) self->source_ = nullptr;
    if (self->out_.empty() || !self->open_) break;
    const Result<void> done = co_await self->write(self->out_);
    if (!done) self->close(done.error().message);
  }
  if (self->out_.capacity() > kept_buffer_bytes) self->out_ = std::string();
  self->pumping_ = false;
}

const FramedStream::Standstill& FramedStream::observe() {
  const bool is_still = !has_received_ && !has_sent_;
  standstill_.unheard = has_received_ ? 0 : standstill_.unheard + 1;
  standstill_.untaken = has_sent_ || !writing_ ? 0 : standstill_.untaken + 1;
  standstill_.idle = is_still ? standstill_.idle + 1 : 0;
  has_received_ = has_sent_ = false;
  return standstill_;
}

void FramedStream::close(std::string_view reason) {
  if (!std::exchange(open_, false)) return;
  why_closed_ = reason;
  deadline_.cancel();
  if (tls_ != nullptr && !writing_) tls_->say_goodbye();
  boost::system::error_code ignored;
  socket_.close(ignored);
  // Not from within itself.
  if (!filling_) source_ = nullptr;
  lease_.reset();
}

Error FramedStream::closed_error() const {
  return {ErrorCode::io, why_closed_.contains(peer_) ? why_closed_ : peer_ + ": " + why_closed_};
}

Task<void> FramedStream::close_with(std::shared_ptr<FramedStream> stream, std::string last_bytes) {
  stream->set_deadline(farewell);
  const Result<void> done = co_await stream->write(last_bytes);
  if (done && stream->open_) {
    boost::system::error_code ignored;
    if (stream->tls_ != nullptr) stream->tls_->say_goodbye();
    stream->socket_.shutdown(asio::socket_base::shutdown_send, ignored);
    // Bytes that nobody has read would make the kernel reset the connection, answer and all.
    std::string unread(farewell_bytes_max / 16, '\0');
    for (std::size_t total = 0; stream->open_ && total < farewell_bytes_max;) {
      const Result<std::size_t> size = co_await stream->read_some(unread);
      if (!size || *size == 0) break;
      total += *size;
    }
  }
  stream->close();
}

}  // namespace conclave
