/// bench_http_probe: api/http and daemon/watch without a store behind them: what the HTTP layer
/// alone can do, and what a parked query costs it. GET answers 300 bytes; GET with ?index parks for
/// good after the first answer; PUT answers true.

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <cstdio>
#include <cstdlib>

#include "api/http/server.h"
#include "base/core/text.h"

namespace conclave::bench {

namespace {

class Forever final : public api::Parked {
 public:
  void start(std::function<void(api::Response)> complete) override {
    complete_ = std::move(complete);
  }

 private:
  std::function<void(api::Response)> complete_;
};

class Probe final : public api::HttpServer::Handler {
 public:
  Task<api::Response> handle(api::Request request) override {
    api::Response response;
    response.content_type = "application/json";
    response.set_header("X-Consul-Index", "7");
    if (request.parameter("index") == "7") {
      response.parked = std::make_unique<Forever>();
    } else if (request.method == api::Method::put) {
      response.body = std::string("true");
    } else {
      response.body = body_;
    }
    co_return response;
  }
  std::uint64_t body_limit(const api::Request&) const override { return 512 * 1024; }
  api::Response body_too_large(const api::Request&, std::uint64_t) const override { return {}; }

 private:
  api::SharedBody body_ = std::make_shared<const std::string>(300, 'x');
};

}  // namespace

int serve(std::uint16_t port) {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  Loop loop("http");
  Metrics metrics;
  Probe probe;
  api::HttpLimits limits;
  limits.connections_per_client_max = 0;
  api::HttpServer server(loop, limits, probe, metrics);
  const Result<int> listening = api::listen_tcp("127.0.0.1", port);
  if (!listening) {
    fmt::print(stderr, "bench_http_probe: {}\n", listening.error().message);
    return 1;
  }
  server.serve(*listening);
  loop.run();
  return 0;
}

}  // namespace conclave::bench

int main(int argc, char** argv) {
  const auto port = argc == 2 ? conclave::parse_u64(argv[1]) : std::nullopt;
  if (!port || *port > 65535) {
    std::fprintf(stderr, "usage: bench_http_probe PORT\n");
    return 2;
  }
  return conclave::bench::serve(static_cast<std::uint16_t>(*port));
}
