#include "agent/checks/http2_client.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "base/core/assert.h"

namespace conclave::agent {

struct Http2Client::Exchange {
  bool ponged = false;
  bool closed = false;
  bool heard = false;  ///< The server has said something.
  std::string request_body;
  std::size_t sent = 0;
  std::size_t head_bytes = 0;
  Http2Response response;
  /// Why a callback broke the connection off.
  const char* fault = nullptr;
};

namespace {

constexpr std::size_t head_bytes_max = 16 << 10;
constexpr std::size_t body_bytes_max = 64 << 10;
constexpr std::size_t read_bytes = 4096;
constexpr std::array<std::uint8_t, 8> ping_bytes = {'c', 'o', 'n', 'c', 'l', 'a', 'v', 'e'};

std::string_view text_of(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

nghttp2_nv field_of(std::string_view name, std::string_view value) {
  // nghttp2 copies both; its struct just knows no const.
  const auto bytes = [](std::string_view text) {
    return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
  };
  return {bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

template <class Exchange>
struct Callbacks {
  static Exchange& of(void* user) { return *static_cast<Exchange*>(user); }

  static int refuse(Exchange& exchange, const char* why) {
    exchange.fault = why;
    return NGHTTP2_ERR_CALLBACK_FAILURE;
  }

  static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    const bool pong = frame->hd.type == NGHTTP2_PING && (frame->hd.flags & NGHTTP2_FLAG_ACK) != 0 &&
                      std::ranges::equal(frame->ping.opaque_data, ping_bytes);
    if (pong) of(user).ponged = true;
    return 0;
  }

  static int on_header(nghttp2_session*, const nghttp2_frame*, const std::uint8_t* name,
                       std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                       std::uint8_t, void* user) {
    Exchange& exchange = of(user);
    exchange.head_bytes += name_size + value_size;
    if (exchange.head_bytes > head_bytes_max) return refuse(exchange, "http2: too many headers");
    const std::string_view is = text_of(name, name_size);
    const std::string_view said = text_of(value, value_size);
    if (is == ":status") {
      exchange.response.status = 0;
      for (const char digit : said) {
        exchange.response.status = exchange.response.status * 10 + (digit - '0');
      }
    } else {
      exchange.response.headers[std::string(is)] = said;
    }
    return 0;
  }

  static int on_data(nghttp2_session*, std::uint8_t, std::int32_t, const std::uint8_t* bytes,
                     std::size_t size, void* user) {
    Exchange& exchange = of(user);
    if (exchange.response.body.size() + size > body_bytes_max) {
      return refuse(exchange, "http2: response body too large");
    }
    exchange.response.body += text_of(bytes, size);
    return 0;
  }

  static int on_close(nghttp2_session*, std::int32_t, std::uint32_t code, void* user) {
    of(user).closed = true;
    of(user).response.reset = code;
    return 0;
  }

  static ssize_t give_body(nghttp2_session*, std::int32_t, std::uint8_t* to, std::size_t room,
                           std::uint32_t* flags, nghttp2_data_source* source, void*) {
    Exchange& exchange = of(source->ptr);
    const std::size_t size = std::min(room, exchange.request_body.size() - exchange.sent);
    std::memcpy(to, exchange.request_body.data() + exchange.sent, size);
    exchange.sent += size;
    if (exchange.sent == exchange.request_body.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(size);
  }

  static nghttp2_session* new_session(Exchange* exchange) {
    nghttp2_session_callbacks* callbacks = nullptr;
    CONCLAVE_ASSERT(nghttp2_session_callbacks_new(&callbacks) == 0);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    nghttp2_session* session = nullptr;
    CONCLAVE_ASSERT(nghttp2_session_client_new(&session, callbacks, exchange) == 0);
    nghttp2_session_callbacks_del(callbacks);
    const nghttp2_settings_entry no_push{NGHTTP2_SETTINGS_ENABLE_PUSH, 0};
    CONCLAVE_ASSERT(nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, &no_push, 1) == 0);
    return session;
  }
};

}  // namespace

void Http2Client::Release::operator()(nghttp2_session* session) const {
  nghttp2_session_del(session);
}

Http2Client::Http2Client(std::shared_ptr<Connection> connection)
    : connection_(std::move(connection)),
      exchange_(std::make_unique<Exchange>()),
      session_(Callbacks<Exchange>::new_session(exchange_.get())) {}

Http2Client::~Http2Client() = default;

Task<Result<void>> Http2Client::ping() {
  nghttp2_submit_ping(session_.get(), NGHTTP2_FLAG_NONE, ping_bytes.data());
  co_return co_await run_until(&exchange_->ponged);
}

Task<Result<Http2Response>> Http2Client::post(Http2Request request) {
  exchange_->request_body = std::move(request.body);
  std::vector<nghttp2_nv> fields = {
      field_of(":method", "POST"), field_of(":scheme", request.scheme),
      field_of(":path", request.path), field_of(":authority", request.authority)};
  for (const api::Header& header : request.headers) {
    fields.push_back(field_of(header.name, header.value));
  }
  nghttp2_data_provider body{};
  body.source.ptr = exchange_.get();
  body.read_callback = Callbacks<Exchange>::give_body;
  const std::int32_t stream =
      nghttp2_submit_request(session_.get(), nullptr, fields.data(), fields.size(), &body, nullptr);
  if (stream < 0)
    co_return fail(ErrorCode::failed, std::string("http2: ") + nghttp2_strerror(stream));
  const Result<void> done = co_await run_until(&exchange_->closed);
  if (!done) co_return std::unexpected(done.error());
  co_return std::move(exchange_->response);
}

Task<Result<void>> Http2Client::run_until(const bool* done) {
  std::array<char, read_bytes> buffer{};
  for (;;) {
    const Result<void> sent = co_await flush();
    if (*done) co_return Result<void>();
    if (!sent) co_return sent;
    if (nghttp2_session_want_read(session_.get()) == 0) {
      co_return fail(ErrorCode::io, "http2: the connection was closed after a protocol error");
    }
    const Result<std::size_t> size = co_await connection_->read_some(buffer);
    if (!size) co_return std::unexpected(size.error());
    if (*size == 0) co_return fail(ErrorCode::io, "unexpected EOF");
    const Result<void> taken = receive({buffer.data(), *size});
    if (!taken) co_return taken;
  }
}

Task<Result<void>> Http2Client::flush() {
  std::string out;
  for (;;) {
    const std::uint8_t* bytes = nullptr;
    const ssize_t size = nghttp2_session_mem_send(session_.get(), &bytes);
    if (size < 0) {
      co_return fail(ErrorCode::failed,
                     std::string("http2: ") + nghttp2_strerror(static_cast<int>(size)));
    }
    if (size == 0) break;
    out += text_of(bytes, static_cast<std::size_t>(size));
  }
  if (out.empty()) co_return Result<void>();
  co_return co_await connection_->write(out);
}

Result<void> Http2Client::receive(std::string_view bytes) {
  if (!std::exchange(exchange_->heard, true) && bytes.starts_with("HTTP/")) {
    return fail(
        ErrorCode::io,
        "http2: frame too large, note that the frame header looked like an HTTP/1.1 header");
  }
  const ssize_t taken = nghttp2_session_mem_recv(
      session_.get(), reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  if (taken >= 0) return {};
  if (exchange_->fault != nullptr) return fail(ErrorCode::too_large, exchange_->fault);
  return fail(ErrorCode::io, std::string("http2: ") + nghttp2_strerror(static_cast<int>(taken)));
}

}  // namespace conclave::agent
