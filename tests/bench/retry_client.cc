#include "tests/bench/retry_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <charconv>

namespace conclave::bench {

namespace {

/// Longer than the 7 s for which a server without a leader holds a request.
constexpr time_t answer_timeout_s = 15;
constexpr std::size_t read_bytes = 64 * 1024;

std::uint64_t number_behind(std::string_view text, std::string_view label) {
  const std::size_t at = text.find(label);
  if (at == std::string_view::npos) return 0;
  std::uint64_t value = 0;
  const std::string_view rest = text.substr(at + label.size());
  std::from_chars(rest.data(), rest.data() + rest.size(), value);
  return value;
}

}  // namespace

RetryClient::RetryClient(std::vector<std::uint16_t> ports, std::uint64_t seed)
    : ports_(std::move(ports)), rng_(seed) {}

Reply RetryClient::send(std::string_view method, std::string_view target, std::string_view body) {
  Reply reply;
  if (descriptor_ < 0 && !connect()) return reply;
  std::string request;
  request.append(method).append(" ").append(target);
  request.append(" HTTP/1.1\r\nHost: b\r\nContent-Length: ").append(std::to_string(body.size()));
  request.append("\r\n\r\n").append(body);
  // A server that has just ended may still have taken bytes: from here on nothing is certain.
  reply.kind = Reply::Kind::unknown;
  if (write_all(request) && read_answer(reply)) {
    reply.kind = Reply::Kind::answered;
  } else {
    disconnect();
  }
  return reply;
}

bool RetryClient::connect() {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(ports_[rng_.below(ports_.size())]);
  descriptor_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval timeout{.tv_sec = answer_timeout_s, .tv_usec = 0};
  ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  ::setsockopt(descriptor_, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
  const int on = 1;
  ::setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    return true;
  }
  disconnect();
  return false;
}

void RetryClient::disconnect() {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
  input_.clear();
}

bool RetryClient::write_all(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool RetryClient::read_answer(Reply& reply) {
  char buffer[read_bytes];
  std::size_t head_end = std::string::npos;
  std::size_t whole = 0;
  for (;;) {
    if (head_end == std::string::npos) {
      head_end = input_.find("\r\n\r\n");
      if (head_end != std::string::npos) {
        whole = head_end + 4 + number_behind(input_, "\r\nContent-Length: ");
      }
    }
    if (head_end != std::string::npos && input_.size() >= whole) break;
    const ssize_t size = ::recv(descriptor_, buffer, sizeof buffer, 0);
    if (size <= 0) return false;
    input_.append(buffer, static_cast<std::size_t>(size));
  }
  reply.status = static_cast<int>(number_behind(input_, "HTTP/1.1 "));
  reply.body = input_.substr(head_end + 4, whole - head_end - 4);
  reply.modify_index = number_behind(reply.body, "\"ModifyIndex\":");
  input_.erase(0, whole);
  return true;
}

}  // namespace conclave::bench
