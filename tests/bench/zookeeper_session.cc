/// ZooKeeper's client protocol, as far as a closed loop of creates, writes and reads needs it:
/// frames with a length in front, their members in jute's encoding (zookeeper.jute). There are no
/// pings: a closed loop is never idle for a third of the session's timeout.

#include <string>

#include "base/core/bytes.h"
#include "tests/bench/session.h"

namespace conclave::bench {

namespace {

enum class Request : std::int32_t { create = 1, get_data = 4, set_data = 5, end = -11 };

constexpr std::int32_t ok = 0;
constexpr std::int32_t node_exists = -110;
constexpr std::int32_t notification_number = -1;
constexpr std::uint32_t session_timeout_ms = 30'000;
constexpr std::uint32_t every_permission = 31;
constexpr std::string_view parent = "/bench";

void append_bool(std::string& out, bool value) { append_u8(out, value ? 1 : 0); }

/// jute's buffer and ustring.
void append_buffer(std::string& out, std::string_view bytes) {
  append_u32_be(out, static_cast<std::uint32_t>(bytes.size()));
  out.append(bytes);
}

/// A frame's length, which is filled in once its end is known.
class Frame {
 public:
  explicit Frame(std::string& out) : out_(out), begin_(out.size()) { append_u32_be(out_, 0); }
  ~Frame() {
    std::string length;
    append_u32_be(length, static_cast<std::uint32_t>(out_.size() - begin_ - length_bytes));
    out_.replace(begin_, length_bytes, length);
  }
  Frame(const Frame&) = delete;
  Frame& operator=(const Frame&) = delete;

 private:
  static constexpr std::size_t length_bytes = 4;
  std::string& out_;
  const std::size_t begin_;
};

class ZooKeeperSession final : public Session {
 public:
  /// The first operation carries the connect request and the parent of all keys ahead of it; the
  /// server works them off in order.
  void begin(const Operation& operation, std::string& out) override {
    operation_ = operation;
    if (!connecting_ && !connected_) {
      append_connect(out);
      append_create(out, parent, {});
      to_skip_ = 1;
      connecting_ = true;
    }
    append_operation(out);
  }

  int consume(std::string_view bytes, std::string& out) override {
    input_.append(bytes);
    int completed = 0;
    std::size_t at = 0;
    while (failure_.empty() && input_.size() - at >= 4) {
      const std::size_t length = load_u32_be(input_.data() + at);
      if (input_.size() - at - 4 < length) break;
      completed += take_frame(std::string_view(input_).substr(at + 4, length), out);
      at += 4 + length;
    }
    input_.erase(0, at);
    return completed;
  }

  void end(std::string& out) override {
    if (!connected_) return;
    const Frame frame(out);
    append_header(out, Request::end);
  }

  const std::string& failure() const override { return failure_; }

 private:
  void append_header(std::string& out, Request request) {
    append_u32_be(out, ++number_);
    append_u32_be(out, static_cast<std::uint32_t>(request));
  }

  void append_connect(std::string& out) {
    const Frame frame(out);
    append_u32_be(out, 0);  // protocol version
    append_u64_be(out, 0);  // last zxid seen
    append_u32_be(out, session_timeout_ms);
    append_u64_be(out, 0);  // a new session
    append_buffer(out, std::string(16, '\0'));
    append_bool(out, false);  // not read-only
  }

  void append_create(std::string& out, std::string_view path, std::string_view value) {
    const Frame frame(out);
    append_header(out, Request::create);
    append_buffer(out, path);
    append_buffer(out, value);
    append_u32_be(out, 1);  // one entry of the access list: world:anyone may do everything
    append_u32_be(out, every_permission);
    append_buffer(out, "world");
    append_buffer(out, "anyone");
    append_u32_be(out, 0);  // persistent
  }

  void append_operation(std::string& out) {
    const std::string path = "/" + operation_.key;
    if (operation_.kind == Operation::Kind::create) {
      append_create(out, path, operation_.value);
      return;
    }
    const Frame frame(out);
    const bool write = operation_.kind == Operation::Kind::put;
    append_header(out, write ? Request::set_data : Request::get_data);
    append_buffer(out, path);
    if (write) {
      append_buffer(out, operation_.value);
      append_u32_be(out, static_cast<std::uint32_t>(-1));  // whatever version is there
    } else {
      append_bool(out, operation_.kind == Operation::Kind::watch);
    }
  }

  int take_frame(std::string_view frame, std::string& out) {
    if (!connected_) {
      // The answer to the connect request has no header; a session id of zero is a refusal.
      connected_ = true;
      ByteReader reader(frame);
      reader.take(8);
      if (reader.u64_be() == 0 || !reader.ok()) failure_ = "ZooKeeper refused the session";
      return 0;
    }
    ByteReader reader(frame);
    const auto number = static_cast<std::int32_t>(reader.u32_be());
    reader.u64_be();  // zxid
    const auto error = static_cast<std::int32_t>(reader.u32_be());
    if (number == notification_number) {
      append_operation(out);
      return 0;
    }
    const bool there_already = error == node_exists && (to_skip_ > 0 || is_create());
    if (!reader.ok() || (error != ok && !there_already)) {
      failure_ = "ZooKeeper answered error " + std::to_string(error) + " for " + operation_.key;
    }
    if (to_skip_ == 0) return 1;
    --to_skip_;
    return 0;
  }

  bool is_create() const { return operation_.kind == Operation::Kind::create; }

  Operation operation_;
  std::string input_;
  std::string failure_;
  std::uint32_t number_ = 0;
  int to_skip_ = 0;  ///< Answers to what begin() put ahead of the first operation.
  bool connecting_ = false;
  bool connected_ = false;
};

}  // namespace

std::unique_ptr<Session> make_zookeeper_session() { return std::make_unique<ZooKeeperSession>(); }

}  // namespace conclave::bench
