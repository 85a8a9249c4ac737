// The servers' endpoints behind their router, over rows in memory. The input is a list of requests,
// each one line "METHOD target" and a body, with lines "---" between them. Every request gets an
// answer of a known status and JSON where it says so.

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string>

#include "api/codec/json_value.h"
#include "api/http/target.h"
#include "base/core/assert.h"
#include "base/core/text.h"
#include "base/run/log.h"
#include "tests/fuzz/input.h"
#include "tests/unit/daemon_http/server_fixture.h"

namespace conclave::fuzz {
namespace {

constexpr int requests_max = 16;
constexpr std::string_view separator = "\n---\n";

struct Verb {
  std::string_view text;
  api::Method method;
};
constexpr std::array<Verb, 6> verbs = {{{"GET", api::Method::get},
                                        {"PUT", api::Method::put},
                                        {"POST", api::Method::post},
                                        {"DELETE", api::Method::del},
                                        {"HEAD", api::Method::head},
                                        {"OPTIONS", api::Method::options}}};

constexpr std::array<int, 15> statuses = {200, 204, 301, 307, 400, 403, 404, 405,
                                          409, 412, 413, 429, 500, 501, 503};

class Server final : public daemon::ServerTest {
 public:
  void request(std::string_view text) {
    const std::size_t line_end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, line_end);
    const std::size_t space = std::min(line.find(' '), line.size());
    const auto* const verb = std::ranges::find(verbs, line.substr(0, space), &Verb::text);
    const std::string_view target = line.substr(std::min(space + 1, line.size()));
    api::Request probe;
    if (verb == verbs.end() || !api::parse_target(target, probe)) return;
    api::Response response = respond(
        verb->method, target, std::string(text.substr(std::min(line_end + 1, text.size()))), {});
    if (response.parked != nullptr) return wait(std::move(response.parked));
    judge(std::move(response));
  }

 private:
  void TestBody() override {}

  /// Whatever it waits for, the client goes away.
  void wait(std::unique_ptr<api::Parked> parked) {
    parked->start([](const api::Response&) {});
    settle();
  }

  void judge(api::Response response) {
    CONCLAVE_ASSERT(std::ranges::find(statuses, response.status) != statuses.end());
    std::string body;
    if (const auto* text = std::get_if<std::string>(&response.body)) body = *text;
    if (const auto* shared = std::get_if<api::SharedBody>(&response.body); shared && *shared) {
      body = **shared;
    }
    if (response.status == 200 && response.content_type == "application/json" && !body.empty()) {
      const auto parsed = api::parse_json(body);
      CONCLAVE_ASSERT_WHY(parsed.has_value(), "a JSON body is JSON");
    }
    for (const auto& [name, value] : response.headers) {
      if (name == "X-Consul-Index") CONCLAVE_ASSERT(parse_u64(value).value_or(0) > 0);
    }
  }
};

}  // namespace

void check(std::string_view bytes) {
  set_log_level(LogLevel::error);
  Server server;
  for (int i = 0; i < requests_max && !bytes.empty(); ++i) {
    const std::size_t end = bytes.find(separator);
    server.request(bytes.substr(0, end));
    bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + separator.size());
  }
}

}  // namespace conclave::fuzz
