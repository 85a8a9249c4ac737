/// Hand-written HTTP/1.1, because the generator shares the machine with the server: every cycle
/// here is one that the server does not get.

#include <charconv>

#include "tests/bench/session.h"

namespace conclave::bench {

namespace {

/// The value of a header in a head, by its canonical or any other capitalisation; "" when absent.
std::string_view header_value(std::string_view head, std::string_view lower_name) {
  for (std::size_t at = head.find("\r\n"); at != std::string_view::npos;
       at = head.find("\r\n", at + 2)) {
    const std::string_view line = head.substr(at + 2, lower_name.size() + 2);
    if (line.size() < lower_name.size() + 2 || line[lower_name.size()] != ':') continue;
    bool equal = true;
    for (std::size_t i = 0; equal && i < lower_name.size(); ++i) {
      const char c = line[i];
      equal = (c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c) == lower_name[i];
    }
    if (!equal) continue;
    const std::size_t begin = at + 2 + lower_name.size() + 2;
    return head.substr(begin, head.find("\r\n", begin) - begin);
  }
  return {};
}

std::uint64_t number(std::string_view text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

class HttpSession final : public Session {
 public:
  void begin(const Operation& operation, std::string& out) override {
    operation_ = operation;
    append_request(out);
  }

  int consume(std::string_view bytes, std::string& out) override {
    input_.append(bytes);
    int completed = 0;
    while (failure_.empty() && take_response()) {
      ++completed;
      if (operation_.kind == Operation::Kind::watch) append_request(out);
    }
    return completed;
  }

  const std::string& failure() const override { return failure_; }

 private:
  void append_request(std::string& out) {
    switch (operation_.kind) {
      case Operation::Kind::create:
      case Operation::Kind::put:
        out.append("PUT /v1/kv/").append(operation_.key);
        out.append(" HTTP/1.1\r\nHost: b\r\nContent-Length: ");
        out.append(std::to_string(operation_.value.size())).append("\r\n\r\n");
        out.append(operation_.value);
        break;
      case Operation::Kind::get:
        out.append("GET /v1/kv/").append(operation_.key).append(" HTTP/1.1\r\nHost: b\r\n\r\n");
        break;
      case Operation::Kind::get_stale:
        out.append("GET /v1/kv/").append(operation_.key);
        out.append("?stale HTTP/1.1\r\nHost: b\r\n\r\n");
        break;
      case Operation::Kind::watch:
        out.append("GET /v1/kv/").append(operation_.key).append("?wait=10m&index=");
        out.append(std::to_string(index_)).append(" HTTP/1.1\r\nHost: b\r\n\r\n");
        break;
    }
  }

  bool take_response() {
    const std::size_t end = input_.find("\r\n\r\n");
    if (end == std::string::npos) return false;
    const std::string_view head(input_.data(), end + 2);
    const std::size_t length = number(header_value(head, "content-length"));
    if (input_.size() < end + 4 + length) return false;
    if (!head.starts_with("HTTP/1.1 200")) {
      failure_ =
          std::string(head.substr(0, head.find("\r\n"))) + ": " + input_.substr(end + 4, length);
    } else if (operation_.is_write() && std::string_view(input_).substr(end + 4, 4) != "true") {
      failure_ = "PUT answered " + input_.substr(end + 4, length);
    }
    if (operation_.kind == Operation::Kind::watch) {
      index_ = number(header_value(head, "x-consul-index"));
    }
    input_.erase(0, end + 4 + length);
    return true;
  }

  Operation operation_;
  std::string input_;
  std::string failure_;
  std::uint64_t index_ = 1;
};

}  // namespace

std::unique_ptr<Session> make_http_session() { return std::make_unique<HttpSession>(); }

}  // namespace conclave::bench
