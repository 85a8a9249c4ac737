#pragma once

/// A whole agent behind a router: local state, checks, sync with a fake catalog, and a host that
/// says what the test wants.

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>

#include "agent/http/routes.h"
#include "api/codec/json_value.h"
#include "api/http/target.h"
#include "tests/unit/agent_checks/target.h"
#include "tests/unit/agent_local/fixture.h"
#include "tests/unit/agent_sync/fake_catalog.h"

namespace conclave::agent {

class FakeHost final : public AgentHost {
 public:
  Task<std::vector<api::Member>> members() override { co_return known; }
  Task<ServerStats> stats() override { co_return server; }
  api::JsonValue debug_config() override {
    return api::JsonValue(api::JsonValue::Object{
        {"SerfAdvertiseAddrLAN", api::JsonValue(std::string("tcp://10.0.0.1:8301"))}});
  }
  Task<Result<void>> reload() override {
    reloads += 1;
    co_return next;
  }
  Task<Result<void>> leave() override {
    leaves += 1;
    co_return next;
  }
  Task<Result<void>> join(std::string address) override {
    joined = address;
    co_return next;
  }
  Task<Result<void>> force_leave(std::string node, bool prune) override {
    forced = node + (prune ? " pruned" : "");
    co_return next;
  }
  std::vector<api::Member> known;
  std::string joined;
  std::string forced;
  ServerStats server;
  Result<void> next;
  int reloads = 0;
  int leaves = 0;
};

struct Answer {
  int status = 0;
  std::string body;
  std::string content_type;
  std::map<std::string, std::string> headers;
};

class AgentHttp : public testing::Test {
 protected:
  AgentHttp() { add_agent_routes(router, context); }

  static Task<Answer> ask_task(api::Router* router, api::Request request) {
    api::Response response = co_await router->handle(std::move(request));
    Answer answer{response.status, {}, response.content_type, {}};
    if (auto* text = std::get_if<std::string>(&response.body)) answer.body = *text;
    for (const api::Header& header : response.headers) answer.headers[header.name] = header.value;
    co_return answer;
  }
  Task<Answer> ask_later(api::Method method, const std::string& target, std::string body = {},
                         std::string accept = {}) {
    api::Request request;
    request.method = method;
    request.method_text = method == api::Method::put ? "PUT" : "GET";
    EXPECT_TRUE(api::parse_target(target, request));
    request.body = std::move(body);
    if (!accept.empty()) request.headers.push_back({"accept", std::move(accept)});
    return ask_task(&router, std::move(request));
  }
  Answer get(const std::string& target, std::string accept = {}) {
    return result_of(loop, ask_later(api::Method::get, target, {}, std::move(accept)));
  }
  Answer put(const std::string& target, std::string body = {}) {
    return result_of(loop, ask_later(api::Method::put, target, std::move(body)));
  }
  /// Expects status 200 and nothing else: trap 26.
  void put_ok(const std::string& target, std::string body = {}) {
    const Answer answer = put(target, std::move(body));
    EXPECT_EQ(answer.status, 200) << target << ": " << answer.body;
    EXPECT_EQ(answer.body, "") << target;
  }
  void expect_error(const Answer& answer, int status, const std::string& text) {
    EXPECT_EQ(answer.status, status) << answer.body;
    EXPECT_EQ(answer.body, text);
    EXPECT_EQ(answer.content_type, "text/plain; charset=utf-8");
  }

  Loop loop{"agent"};
  HandClock clock;
  LocalState local{loop, clock, local_options(), Rng(1)};
  FakeCatalog fake{loop};
  CatalogClient catalog{fake};
  CheckRunners checks{loop, clock, local, {}, Rng(2)};
  Syncer syncer{loop, clock, local, catalog, {}, Rng(3)};
  FakeHost host;
  Metrics metrics;
  AgentContext context{loop, clock, local, checks, syncer, host, metrics, {}, Rng(4)};
  api::Router router{api::RouterOptions{}};
};

}  // namespace conclave::agent
