#include "tests/unit/api_http/test_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <future>

#include "base/core/assert.h"
#include "base/core/text.h"
#include "base/run/loop_thread.h"

namespace conclave::api {

namespace {

class TestParked final : public Parked {
 public:
  TestParked(std::vector<std::function<void(Response)>>* completions, int* destroyed)
      : completions_(completions), destroyed_(destroyed) {}
  ~TestParked() override { ++*destroyed_; }
  void start(std::function<void(Response)> complete) override {
    completions_->push_back(std::move(complete));
  }

 private:
  std::vector<std::function<void(Response)>>* completions_;
  int* destroyed_;
};

Response text(int status, std::string body) {
  Response response;
  response.status = status;
  response.content_type = "text/plain";
  response.body = std::move(body);
  return response;
}

Task<void> stop_then(HttpServer* server, Nanos grace, std::promise<void>* done) {
  co_await server->stop(grace);
  done->set_value();
}

Task<Response> ready(Response response) { co_return response; }

}  // namespace

TestServer::TestServer(HttpLimits limits) {
  server_ = std::make_unique<HttpServer>(loop_, limits, *this, metrics_);
  const Result<int> listening = listen_tcp("127.0.0.1", 0);
  CONCLAVE_ASSERT(listening.has_value());
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ::getsockname(*listening, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  server_->serve(*listening);
  thread_ = run_on_own_thread(loop_);
}

TestServer::~TestServer() {
  loop_.stop();
  thread_.join();
  server_.reset();
}

void TestServer::answer_text(std::string path, std::string body) {
  answer(std::move(path), [body](Request) { return ready(text(200, body)); });
}

std::string TestServer::url(const std::string& path) const {
  return "http://127.0.0.1:" + std::to_string(port_) + path;
}

void TestServer::on_loop(const std::function<void()>& work) {
  std::promise<void> done;
  loop_.post([&] {
    work();
    done.set_value();
  });
  done.get_future().wait();
}

void TestServer::stop(Nanos grace) {
  std::promise<void> done;
  loop_.post([&] { loop_.spawn("stop", stop_then(server_.get(), grace, &done)); });
  done.get_future().wait();
}

void TestServer::serve(int descriptor) {
  on_loop([&] { server_->serve(descriptor); });
}

bool TestServer::eventually(const std::function<bool()>& condition) const {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

Answer TestServer::parking() {
  return [this](Request) {
    Response response;
    response.parked = std::make_unique<TestParked>(&completions_, &parked_destroyed);
    return ready(std::move(response));
  };
}

void TestServer::answer_parked(std::string body) {
  on_loop([&] {
    CONCLAVE_ASSERT(!completions_.empty());
    const auto complete = std::move(completions_.front());
    completions_.erase(completions_.begin());
    complete(text(200, std::move(body)));
  });
}

Task<Response> TestServer::handle(Request request) {
  requests += 1;
  const auto found = answers_.find(request.path);
  if (found == answers_.end()) co_return text(404, "nothing at " + request.path);
  co_return co_await found->second(std::move(request));
}

Response TestServer::body_too_large(const Request&, std::uint64_t declared_bytes) const {
  return text(413, "too large: " + std::to_string(declared_bytes));
}

TestClient::TestClient(std::uint16_t port) {
  descriptor_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval patience{10, 0};
  ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  CONCLAVE_ASSERT(
      ::connect(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
}

TestClient::TestClient(const std::string& socket_path) {
  descriptor_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, socket_path.data(), socket_path.size());
  CONCLAVE_ASSERT(
      ::connect(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
}

std::unique_ptr<TestClient> TestClient::slow(std::uint16_t port) {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int window = 4096;
  ::setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &window, sizeof window);
  const timeval patience{10, 0};
  ::setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  CONCLAVE_ASSERT(
      ::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  return std::unique_ptr<TestClient>(new TestClient(descriptor, true));
}

TestClient::~TestClient() { close(); }

void TestClient::close() {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
}

void TestClient::send(const std::string& bytes) {
  std::size_t sent = 0;
  while (sent < bytes.size()) {
    const ssize_t n = ::send(descriptor_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (n <= 0) return;  // The server closed: what it said is looked at next.
    sent += static_cast<std::size_t>(n);
  }
}

void TestClient::shut_writing() { ::shutdown(descriptor_, SHUT_WR); }

bool TestClient::fill() {
  char bytes[16 * 1024];
  const ssize_t n = ::recv(descriptor_, bytes, sizeof bytes, 0);
  if (n <= 0) return false;
  buffer_.append(bytes, static_cast<std::size_t>(n));
  return true;
}

TestClient::Reply TestClient::reply(bool without_body) {
  Reply reply;
  while (buffer_.find("\r\n\r\n") == std::string::npos) {
    if (!fill()) return reply;
  }
  const std::size_t end = buffer_.find("\r\n\r\n");
  reply.head = buffer_.substr(0, end + 2);
  buffer_.erase(0, end + 4);
  for (std::size_t at = reply.head.find("\r\n") + 2; at < reply.head.size();) {
    const std::size_t line_end = reply.head.find("\r\n", at);
    const std::size_t colon = reply.head.find(": ", at);
    reply.headers[to_lower_ascii(reply.head.substr(at, colon - at))] =
        reply.head.substr(colon + 2, line_end - colon - 2);
    at = line_end + 2;
  }
  const int status = std::stoi(reply.head.substr(9, 3));
  if (!without_body && reply.headers.count("transfer-encoding") != 0) {
    reply.body = read_chunked();
  } else if (!without_body && reply.headers.count("content-length") != 0) {
    const std::size_t length = std::stoull(reply.headers["content-length"]);
    while (buffer_.size() < length) {
      if (!fill()) return reply;
    }
    reply.body = buffer_.substr(0, length);
    buffer_.erase(0, length);
  }
  reply.status = status;
  return reply;
}

std::string TestClient::read_chunked() {
  std::string body;
  for (;;) {
    while (buffer_.find("\r\n") == std::string::npos) {
      if (!fill()) return "cut off";
    }
    const std::size_t end = buffer_.find("\r\n");
    const std::size_t size = std::stoull(buffer_.substr(0, end), nullptr, 16);
    while (buffer_.size() < end + 2 + size + 2) {
      if (!fill()) return "cut off";
    }
    body += buffer_.substr(end + 2, size);
    buffer_.erase(0, end + 2 + size + 2);
    if (size == 0) return body;
  }
}

std::string TestClient::rest() {
  while (fill()) {
  }
  return std::move(buffer_);
}

bool TestClient::closed() {
  char byte;
  const ssize_t n = ::recv(descriptor_, &byte, 1, 0);
  return n == 0 || (n < 0 && errno == ECONNRESET);
}

std::string get(const std::string& path, const std::string& headers) {
  return "GET " + path + " HTTP/1.1\r\nHost: test\r\n" + headers + "\r\n";
}

std::string put(const std::string& path, const std::string& body, const std::string& headers) {
  return "PUT " + path +
         " HTTP/1.1\r\nHost: test\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         headers + "\r\n" + body;
}

}  // namespace conclave::api
