#pragma once

/// A server on a free port of 127.0.0.1 with its loop on a thread of its own, and a client that is
/// nothing but a blocking socket.

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "api/http/server.h"
#include "base/run/loop.h"
#include "base/run/metrics.h"

namespace conclave::api {

/// What a path answers. Runs on the loop's thread.
using Answer = std::function<Task<Response>(Request)>;

class TestServer final : public HttpServer::Handler {
 public:
  explicit TestServer(HttpLimits limits = {});
  ~TestServer() override;

  /// Before requests come in.
  void answer(std::string path, Answer answer) { answers_[std::move(path)] = std::move(answer); }
  void answer_text(std::string path, std::string text);

  std::uint16_t port() const { return port_; }
  std::string url(const std::string& path) const;
  HttpServer& server() { return *server_; }
  Loop& loop() { return loop_; }
  /// Runs on the loop and waits until it has run.
  void on_loop(const std::function<void()>& work);
  /// server().stop(), waited for.
  void stop(Nanos grace);
  void serve(int descriptor);
  /// Waits until the condition holds; false after ten seconds.
  bool eventually(const std::function<bool()>& condition) const;

  /// Keeps the completion of a parked query for the test to call.
  Answer parking();
  /// Answers the oldest parked query.
  void answer_parked(std::string text);

  std::uint64_t body_max = 1024;
  int parked_destroyed = 0;  ///< Loop's thread.
  std::atomic<int> requests = 0;

  Task<Response> handle(Request request) override;
  std::uint64_t body_limit(const Request&) const override { return body_max; }
  Response body_too_large(const Request& head, std::uint64_t declared_bytes) const override;

 private:
  Loop loop_{"http-test"};
  Metrics metrics_;
  std::map<std::string, Answer> answers_;
  std::vector<std::function<void(Response)>> completions_;
  std::unique_ptr<HttpServer> server_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

/// A blocking connection. Reads give up after ten seconds, which no healthy run comes near.
class TestClient {
 public:
  explicit TestClient(std::uint16_t port);
  explicit TestClient(const std::string& socket_path);
  ~TestClient();
  TestClient(const TestClient&) = delete;
  TestClient& operator=(const TestClient&) = delete;

  void send(const std::string& bytes);
  void shut_writing();
  void close();
  /// A small receive window, so that the server's writes block soon.
  static std::unique_ptr<TestClient> slow(std::uint16_t port);

  struct Reply {
    int status = 0;
    std::map<std::string, std::string> headers;  ///< Names in lower case.
    std::string body;
    std::string head;
  };
  /// One response; status 0 when the server closed before it was complete.
  Reply reply(bool without_body = false);
  Reply ask(const std::string& request) {
    send(request);
    return reply();
  }
  /// Everything until the server closes.
  std::string rest();
  /// True when the server has closed (or closes within ten seconds).
  bool closed();

 private:
  explicit TestClient(int descriptor, bool) : descriptor_(descriptor) {}
  bool fill();
  std::string read_chunked();

  int descriptor_ = -1;
  std::string buffer_;
};

std::string get(const std::string& path, const std::string& headers = "");
std::string put(const std::string& path, const std::string& body, const std::string& headers = "");

}  // namespace conclave::api
