// Moving between servers, what is sent again, and who shares a query.

#include "agent/link/link.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>

#include "agent/link/shared_queries.h"
#include "api/http/target.h"
#include "api/rpc/forwarded.h"
#include "base/run/sleep.h"

namespace conclave::agent {
namespace {

using namespace std::chrono_literals;

/// Servers that are up or down, and what they answer.
class FakeServers final : public api::LastingRpc, public ServerCalls {
 public:
  explicit FakeServers(Loop& loop) : loop_(loop), gone_(loop) {}

  Task<Result<std::string>> call(std::string address, api::RpcMethod method, std::string body,
                                 Nanos timeout) override {
    return call_until(std::move(address), method, std::move(body), timeout, nullptr);
  }
  Task<Result<std::string>> call_until(std::string address, api::RpcMethod, std::string body, Nanos,
                                       std::shared_ptr<api::CallCancel> cancel) override {
    const auto call = api::decode_forwarded(body);
    asked.push_back(address + " " + call->request.target);
    if (!up[address]) co_return fail(ErrorCode::io, "nobody at " + address);
    if (call->request.has_parameter("index") || call->request.has_parameter("slow")) {
      const bool* flag = &up[address];
      if (cancel != nullptr) cancel->set([this] { ++cancelled; });
      while (*flag && !release && !(cancel != nullptr && cancel->is_cancelled())) {
        co_await sleep_for(loop_, 1ms);
      }
      if (cancel != nullptr) cancel->set(nullptr);
      if (!*flag || !release) co_return fail(ErrorCode::unknown_outcome, address + " went away");
    }
    api::Response response;
    response.body = "from " + address + " for " + call->node;
    co_return api::encode_answer(std::move(response));
  }

  Task<Result<void>> greet(std::string address) override {
    if (!up[address]) co_return fail(ErrorCode::io, "nobody at " + address);
    co_return Result<void>();
  }
  Task<Result<Standing>> renew(std::string address) override {
    if (!up[address]) co_return fail(ErrorCode::io, "nobody at " + address);
    ++renewals;
    co_return Standing{.listed = presented > 0, .passed_on = passes_on[address], .members = 3};
  }
  Task<Result<void>> present(std::string) override {
    ++presented;
    co_return Result<void>();
  }

  std::map<std::string, bool> up{{"a", true}, {"b", true}};
  std::map<std::string, bool> passes_on{{"a", true}, {"b", true}};
  std::vector<std::string> asked;
  bool release = false;
  int presented = 0;
  int renewals = 0;
  int cancelled = 0;

 private:
  Loop& loop_;
  Waiter gone_;
};

class ShiftedClock final : public Clock {
 public:
  Nanos boot_now() const override { return system_clock().boot_now() + shift; }
  Nanos wall_now() const override { return system_clock().wall_now() + shift; }
  Nanos shift{};
};

class LinkTest : public testing::Test {
 protected:
  LinkTest() { servers.learn({"a", "b"}, true); }
  ~LinkTest() override {
    link.stop();
    run_for(20ms);
  }

  static LinkOptions options() {
    LinkOptions options;
    options.node = "here";
    options.renew_period = 20ms;
    options.hold = 300ms;
    options.rebalance_min = options.rebalance_max = 1h;
    return options;
  }
  void run_for(Nanos time) {
    const Nanos end = system_clock().boot_now() + time;
    while (system_clock().boot_now() < end) loop.run_ready();
  }
  bool run_until(const std::function<bool()>& holds) {
    const Nanos end = system_clock().boot_now() + 10s;
    while (!holds() && system_clock().boot_now() < end) loop.run_ready();
    return holds();
  }
  void connect() {
    link.start();
    ASSERT_TRUE(run_until([this] { return link.is_connected() && link.is_listed(); }));
  }
  static Task<void> keep(Link* over, api::Request request, std::optional<api::Response>* out) {
    *out = co_await over->call(std::move(request));
  }
  static api::Request request(std::string_view target, api::Method method = api::Method::get) {
    api::Request asked;
    asked.method = method;
    asked.method_text = method == api::Method::get ? "GET" : "PUT";
    EXPECT_TRUE(api::parse_target(target, asked));
    return asked;
  }
  void ask(std::string_view target, api::Method method = api::Method::get) {
    answer.reset();
    loop.spawn("ask", keep(&link, request(target, method), &answer));
  }
  std::string text() { return std::get<std::string>(answer->body); }
  std::string other() const { return link.server() == "a" ? "b" : "a"; }

  Loop loop{"test"};
  Metrics metrics;
  FakeServers fake{loop};
  ServerList servers{""};
  ShiftedClock clock;
  Link link{loop, clock, fake, fake, servers, options(), Rng(7), metrics};
  std::optional<api::Response> answer;
};

TEST_F(LinkTest, presents_itself_once_and_renews) {
  connect();
  run_for(200ms);
  EXPECT_EQ(fake.presented, 1);
  EXPECT_GT(fake.renewals, 4);
  EXPECT_EQ(link.members(), 3u);
  ask("/v1/kv/a");
  ASSERT_TRUE(run_until([this] { return answer.has_value(); }));
  EXPECT_EQ(text(), "from " + link.server() + " for here");
}

TEST_F(LinkTest, a_blocked_read_goes_on_at_another_server) {
  connect();
  const std::string first = link.server();
  ask("/v1/kv/a?index=5&wait=60s");
  run_for(20ms);
  fake.up[first] = false;
  ASSERT_TRUE(run_until([&] { return link.is_connected() && link.server() != first; }));
  run_for(20ms);
  EXPECT_FALSE(answer.has_value());
  fake.release = true;
  ASSERT_TRUE(run_until([this] { return answer.has_value(); }));
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(fake.asked.front(), first + " /v1/kv/a?index=5&wait=60s");
  EXPECT_TRUE(fake.asked.back().starts_with(other() == first ? link.server() : other()));
  EXPECT_TRUE(fake.asked.back().contains("index=5&wait=59")) << fake.asked.back();
}

TEST_F(LinkTest, a_read_that_was_blocked_for_long_goes_on_as_often_as_servers_go) {
  connect();
  ask("/v1/kv/a?index=5&wait=10m");
  for (const Nanos age : {60s, 120s}) {
    run_for(20ms);
    clock.shift = age;
    const std::string first = link.server();
    fake.up[first] = false;
    ASSERT_TRUE(run_until([&] { return link.is_connected() && link.server() != first; }));
    run_for(20ms);
    EXPECT_FALSE(answer.has_value());
    fake.up[first] = true;
  }
  EXPECT_TRUE(fake.asked.back().contains("index=5&wait=479")) << fake.asked.back();
  fake.release = true;
  ASSERT_TRUE(run_until([this] { return answer.has_value(); }));
  EXPECT_EQ(answer->status, 200);
}

TEST_F(LinkTest, a_write_under_way_gets_an_honest_error) {
  connect();
  const std::string first = link.server();
  ask("/v1/kv/a?slow", api::Method::put);
  run_for(20ms);
  fake.up[first] = false;
  ASSERT_TRUE(run_until([this] { return answer.has_value(); }));
  EXPECT_EQ(answer->status, 500);
  EXPECT_TRUE(text().contains("whether the write was made is not known")) << text();
  EXPECT_EQ(fake.asked.size(), 1u);
}

TEST_F(LinkTest, a_write_that_was_not_sent_is_sent_elsewhere) {
  connect();
  const std::string first = link.server();
  fake.up[first] = false;
  ask("/v1/kv/a", api::Method::put);
  ASSERT_TRUE(run_until([this] { return answer.has_value(); }));
  EXPECT_EQ(answer->status, 200);
}

TEST_F(LinkTest, without_servers_requests_wait_for_a_while_and_then_no_more) {
  connect();
  fake.up.clear();
  ask("/v1/kv/a");
  ASSERT_TRUE(run_until([this] { return answer.has_value(); }));
  EXPECT_EQ(answer->status, 500);
  EXPECT_TRUE(text().starts_with("No known Consul servers")) << text();
  run_for(400ms);
  const Nanos began = system_clock().boot_now();
  ask("/v1/kv/a");
  ASSERT_TRUE(run_until([this] { return answer.has_value(); }));
  EXPECT_LT(system_clock().boot_now() - began, 200ms);
  fake.up["b"] = true;
  EXPECT_TRUE(run_until([this] { return link.server() == "b"; }));
}

TEST_F(LinkTest, a_server_that_does_not_reach_the_leader_is_left_if_another_one_does) {
  connect();
  const std::string first = link.server();
  fake.passes_on[first] = false;
  EXPECT_TRUE(run_until([&] { return link.is_connected() && link.server() != first; }));
  // Where none does, one is as good as the other: it can be read from.
  fake.passes_on.clear();
  run_for(300ms);
  EXPECT_TRUE(run_until([&] { return link.is_connected(); }));
}

class Sharing : public LinkTest {
 protected:
  void wait_for(api::Request asked) {
    api::Response response = queries.park(std::move(asked));
    ASSERT_TRUE(response.parked != nullptr);
    response.parked->start([this](api::Response due) {
      answers.push_back(**std::get_if<api::SharedBody>(&due.body));
    });
    parked.push_back(std::move(response.parked));
  }
  SharedQueries queries{loop, link, metrics};
  std::vector<std::unique_ptr<api::Parked>> parked;
  std::vector<std::string> answers;
};

TEST_F(Sharing, the_same_question_is_asked_once_for_each_token) {
  connect();
  for (int n = 0; n < 10; ++n) {
    wait_for(request("/v1/kv/a?index=5"));
    wait_for(request("/v1/kv/b?index=5"));
    api::Request with_token = request("/v1/kv/a?index=5");
    with_token.headers.push_back({"x-consul-token", "t"});
    wait_for(std::move(with_token));
  }
  run_for(20ms);
  EXPECT_EQ(fake.asked.size(), 3u);
  fake.release = true;
  ASSERT_TRUE(run_until([this] { return answers.size() == 30; }));
}

TEST_F(Sharing, who_leaves_last_takes_the_query_along) {
  connect();
  wait_for(request("/v1/kv/a?index=5"));
  wait_for(request("/v1/kv/a?index=5"));
  run_for(20ms);
  parked.pop_back();
  run_for(20ms);
  EXPECT_EQ(fake.cancelled, 0);
  parked.pop_back();
  run_for(20ms);
  EXPECT_EQ(fake.cancelled, 1);
  wait_for(request("/v1/kv/a?index=5"));
  run_for(20ms);
  EXPECT_EQ(fake.asked.size(), 2u);
}

}  // namespace
}  // namespace conclave::agent
