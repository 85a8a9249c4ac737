/// A gRPC client of etcd's KV and Watch services on nghttp2, with the few protobuf messages written
/// by hand (etcd's rpc.proto).

#include <nghttp2/nghttp2.h>

#include <cstring>

#include "base/core/assert.h"
#include "base/core/bytes.h"
#include "tests/bench/session.h"

namespace conclave::bench {

namespace {

constexpr std::uint64_t wire_varint = 0;
constexpr std::uint64_t wire_bytes = 2;
constexpr std::uint64_t field_events = 11;  // WatchResponse.events
constexpr std::int32_t window_bytes = 1 << 30;

void append_bytes_field(std::string& out, std::uint64_t field, std::string_view bytes) {
  append_varint(out, field << 3 | wire_bytes);
  append_sized(out, bytes);
}

/// PutRequest{key=1, value=2}, RangeRequest{key=1, serializable=7},
/// WatchRequest{create_request=1{key=1}}.
std::string message_of(const Operation& operation) {
  std::string message;
  append_bytes_field(message, 1, operation.key);
  if (operation.is_write()) {
    append_bytes_field(message, 2, operation.value);
  } else if (operation.kind == Operation::Kind::get_stale) {
    append_varint(message, 7u << 3 | wire_varint);
    append_varint(message, 1);
  } else if (operation.kind == Operation::Kind::watch) {
    const std::string create = std::move(message);
    message.clear();
    append_bytes_field(message, 1, create);
  }
  return message;
}

const char* path_of(Operation::Kind kind) {
  switch (kind) {
    case Operation::Kind::create:
    case Operation::Kind::put:
      return "/etcdserverpb.KV/Put";
    case Operation::Kind::watch:
      return "/etcdserverpb.Watch/Watch";
    default:
      return "/etcdserverpb.KV/Range";
  }
}

/// True when the message has a field of that number at its top level.
bool has_field(std::string_view message, std::uint64_t wanted) {
  ByteReader reader(message);
  while (reader.ok() && !reader.at_end()) {
    const std::uint64_t tag = reader.varint();
    if (tag >> 3 == wanted) return true;
    if ((tag & 7) == wire_varint) {
      reader.varint();
    } else if ((tag & 7) == wire_bytes) {
      reader.sized();
    } else {
      return false;
    }
  }
  return false;
}

class EtcdSession final : public Session {
 public:
  EtcdSession() {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    nghttp2_session_client_new(&session_, callbacks, this);
    nghttp2_session_callbacks_del(callbacks);
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, window_bytes}};
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings, 1);
    nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, window_bytes);
  }
  ~EtcdSession() override { nghttp2_session_del(session_); }
  EtcdSession(const EtcdSession&) = delete;
  EtcdSession& operator=(const EtcdSession&) = delete;

  void begin(const Operation& operation, std::string& out) override {
    const std::string message = message_of(operation);
    watching_ = operation.kind == Operation::Kind::watch;
    input_.clear();
    // gRPC's frame: not compressed, length, message.
    body_.clear();
    append_u8(body_, 0);
    append_u32_be(body_, static_cast<std::uint32_t>(message.size()));
    body_.append(message);
    sent_ = 0;
    nghttp2_nv headers[] = {header(":method", "POST"),
                            header(":scheme", "http"),
                            header(":path", path_of(operation.kind)),
                            header(":authority", "b"),
                            header("content-type", "application/grpc"),
                            header("te", "trailers")};
    nghttp2_data_provider provider{};
    provider.read_callback = read_body;
    const std::int32_t stream =
        nghttp2_submit_request(session_, nullptr, headers, std::size(headers), &provider, nullptr);
    CONCLAVE_ASSERT(stream > 0);
    flush(out);
  }

  int consume(std::string_view bytes, std::string& out) override {
    completed_ = 0;
    const ssize_t taken = nghttp2_session_mem_recv(
        session_, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    if (taken < 0) failure_ = nghttp2_strerror(static_cast<int>(taken));
    flush(out);
    return completed_;
  }

  const std::string& failure() const override { return failure_; }

 private:
  static nghttp2_nv header(const char* name, const char* value) {
    return {reinterpret_cast<std::uint8_t*>(const_cast<char*>(name)),
            reinterpret_cast<std::uint8_t*>(const_cast<char*>(value)), std::strlen(name),
            std::strlen(value), NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE};
  }

  void flush(std::string& out) {
    for (;;) {
      const std::uint8_t* bytes = nullptr;
      const ssize_t size = nghttp2_session_mem_send(session_, &bytes);
      if (size <= 0) return;
      out.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
    }
  }

  static EtcdSession& self(void* user) { return *static_cast<EtcdSession*>(user); }

  static ssize_t read_body(nghttp2_session*, std::int32_t, std::uint8_t* to, std::size_t room,
                           std::uint32_t* flags, nghttp2_data_source*, void* user) {
    EtcdSession& me = self(user);
    const std::size_t left = me.body_.size() - me.sent_;
    // A watch keeps its side of the stream open.
    if (left == 0) return NGHTTP2_ERR_DEFERRED;
    const std::size_t size = std::min(room, left);
    std::memcpy(to, me.body_.data() + me.sent_, size);
    me.sent_ += size;
    if (me.sent_ == me.body_.size() && !me.watching_) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(size);
  }

  static int on_data(nghttp2_session*, std::uint8_t, std::int32_t, const std::uint8_t* bytes,
                     std::size_t size, void* user) {
    EtcdSession& me = self(user);
    if (!me.watching_) return 0;
    me.input_.append(reinterpret_cast<const char*>(bytes), size);
    while (me.input_.size() >= 5) {
      const std::size_t length = load_u32_be(me.input_.data() + 1);
      if (me.input_.size() < 5 + length) break;
      // The first message confirms the watch and carries no event.
      if (has_field(std::string_view(me.input_).substr(5, length), field_events)) ++me.completed_;
      me.input_.erase(0, 5 + length);
    }
    return 0;
  }

  static int on_header(nghttp2_session*, const nghttp2_frame*, const std::uint8_t* name,
                       std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                       std::uint8_t, void* user) {
    const std::string_view is(reinterpret_cast<const char*>(name), name_size);
    const std::string_view text(reinterpret_cast<const char*>(value), value_size);
    if (is == "grpc-status" && text != "0")
      self(user).failure_ = "grpc-status " + std::string(text);
    return 0;
  }

  static int on_close(nghttp2_session*, std::int32_t, std::uint32_t code, void* user) {
    EtcdSession& me = self(user);
    if (code != 0 && me.failure_.empty()) me.failure_ = "stream reset " + std::to_string(code);
    if (!me.watching_) ++me.completed_;
    return 0;
  }

  nghttp2_session* session_ = nullptr;
  std::string body_;
  std::size_t sent_ = 0;
  std::string input_;
  std::string failure_;
  int completed_ = 0;
  bool watching_ = false;
};

}  // namespace

std::unique_ptr<Session> make_etcd_session() { return std::make_unique<EtcdSession>(); }

}  // namespace conclave::bench
