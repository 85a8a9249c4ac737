// What an agent's DNS asks servers, what it leaves there, and what is left without them.

#include "agent/dns/link_directory.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <set>

#include "agent/dns/finding_record.h"
#include "agent/dns/part.h"
#include "agent/dns/views.h"
#include "api/rpc/forwarded.h"
#include "base/run/sleep.h"
#include "tests/unit/agent_dns/sample.h"

namespace conclave::dns {
namespace {

using namespace std::chrono_literals;

/// Servers that all have the same state, are up or down, and hold blocking queries.
class FakeServers final : public api::LastingRpc, public agent::ServerCalls {
 public:
  explicit FakeServers(Loop& loop) : loop_(loop) {}

  void set(const std::string& path, Finding finding) {
    finding.revision = ++revision;
    state[path] = {revision, std::move(finding)};
  }

  Task<Result<std::string>> call(std::string address, api::RpcMethod method, std::string body,
                                 Nanos timeout) override {
    return call_until(std::move(address), method, std::move(body), timeout, nullptr);
  }
  Task<Result<std::string>> call_until(std::string address, api::RpcMethod, std::string body, Nanos,
                                       std::shared_ptr<api::CallCancel> cancel) override {
    const auto call = api::decode_forwarded(body);
    const api::Request& request = call->request;
    const std::string index(request.parameter("index").value_or("0"));
    const std::string path = request.path;
    if (!up[address]) co_return fail(ErrorCode::io, "nobody at " + address);
    (index == "0" ? asked : parked).push_back(request.target);
    targets.insert(request.target);
    if (index != "0") {
      ++waiting[address];
      while (up[address] && std::to_string(state[path].first) == index &&
             !(cancel != nullptr && cancel->is_cancelled())) {
        co_await sleep_for(loop_, 1ms);
      }
      --waiting[address];
      if (cancel != nullptr && cancel->is_cancelled()) {
        co_return fail(ErrorCode::unknown_outcome, "nobody waits");
      }
    }
    if (!up[address]) co_return fail(ErrorCode::unknown_outcome, address + " went away");
    const auto& [at, finding] = state[path];
    Finding told = finding;
    told.revision = revision;
    if (auto* service = std::get_if<ServiceFinding>(&told.what)) {
      take_part(*service, static_cast<std::uint32_t>(
                              std::stoul(std::string(request.parameter("part").value_or("0")))));
    }
    api::Response response;
    response.body = encode_finding(told);
    response.set_header("X-Consul-Index", std::to_string(std::max<std::uint64_t>(at, 1)));
    response.set_header("X-Consul-LastContact", "0");
    co_return api::encode_answer(std::move(response));
  }

  Task<Result<void>> greet(std::string address) override {
    if (!up[address]) co_return fail(ErrorCode::io, "nobody at " + address);
    co_return Result<void>();
  }
  Task<Result<Standing>> renew(std::string address) override {
    if (!up[address]) co_return fail(ErrorCode::io, "nobody at " + address);
    co_return Standing{.listed = true, .passed_on = passes_on[address], .members = 3};
  }
  Task<Result<void>> present(std::string) override { co_return Result<void>(); }

  int waiting_anywhere() const {
    int count = 0;
    for (const auto& [address, here] : waiting) count += here;
    return count;
  }

  std::map<std::string, bool> up{{"a", true}, {"b", true}};
  std::map<std::string, bool> passes_on{{"a", true}, {"b", true}};
  std::map<std::string, std::pair<std::uint64_t, Finding>> state;
  std::uint64_t revision = 10;
  std::vector<std::string> asked;
  std::vector<std::string> parked;
  std::set<std::string> targets;
  std::map<std::string, int> waiting;

 private:
  Loop& loop_;
};

class HandClock final : public Clock {
 public:
  Nanos boot_now() const override { return system_clock().boot_now() + ahead; }
  Nanos wall_now() const override { return boot_now(); }
  Nanos ahead{};
};

class Asking : public testing::Test {
 protected:
  Asking() {
    servers.learn({"a", "b"}, true);
    views = std::make_unique<Views>(loop, clock, directory,
                                    ViewLimits{.found_max = 3, .idle_max = 10min}, metrics);
    views->set_options(options);
    fake.set("/v1/internal/dns/service/web", crowd(2));
    link.start();
    EXPECT_TRUE(run_until([this] { return link.is_connected(); }));
  }
  ~Asking() override {
    directory.stop();
    link.stop();
    run_for(20ms);
  }

  static agent::LinkOptions link_options() {
    agent::LinkOptions link;
    link.node = "here";
    link.renew_period = 20ms;
    link.hold = 100ms;
    link.rebalance_min = link.rebalance_max = 1h;
    return link;
  }
  static LinkDirectoryOptions directory_options() {
    return {.node = "here", .pause_min = 1ms, .bytes_per_s = 1 << 30, .retry_after = 20ms};
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
  static Task<void> find_one(Asking* self, Subject subject) {
    self->found.push_back(co_await self->views->find(std::move(subject)));
  }
  Result<Known> find(const std::string& name, Subject::Kind kind = Subject::Kind::service) {
    const Subject subject{kind, name};
    if (auto known = views->at_hand(subject)) return known;
    found.clear();
    loop.spawn("find", find_one(this, subject));
    EXPECT_TRUE(run_until([this] { return !found.empty(); }));
    return found.front();
  }
  /// How many instances there are at the moment; -1: nobody knows.
  int count(const std::string& name, Subject::Kind kind = Subject::Kind::service) {
    const auto known = find(name, kind);
    if (!known) return -1;
    const auto* service = std::get_if<ServiceFinding>(&(*known)->what);
    return service == nullptr ? 0 : static_cast<int>(service->instances.size());
  }
  bool is_parked(int queries) {
    return run_until([&] { return fake.waiting_anywhere() == queries; });
  }

  Metrics metrics;  // Before the loop, whose unfinished tasks count themselves out.
  Loop loop{"test"};
  HandClock clock;
  FakeServers fake{loop};
  agent::ServerList servers{""};
  agent::Link link{loop, clock, fake, fake, servers, link_options(), Rng(7), metrics};
  LinkDirectory directory{loop, loop, clock, link, directory_options(), Rng(3)};
  DnsOptions options;
  std::unique_ptr<Views> views;
  std::vector<Result<Known>> found;
};

TEST_F(Asking, asks_once_and_hears_of_changes) {
  EXPECT_EQ(count("web"), 2);
  ASSERT_TRUE(is_parked(1));
  for (int n = 0; n < 100; ++n) EXPECT_EQ(count("web"), 2);
  fake.set("/v1/internal/dns/service/web", crowd(3));
  EXPECT_TRUE(run_until([this] { return count("web") == 3; }));
  fake.set("/v1/internal/dns/service/web", {});
  EXPECT_TRUE(run_until([this] { return count("web") == 0; }));
  // It was there once: when it is back, nobody has to ask.
  ASSERT_TRUE(is_parked(1));
  fake.set("/v1/internal/dns/service/web", crowd(1));
  EXPECT_TRUE(run_until([this] { return count("web") == 1; }));
  EXPECT_EQ(fake.asked,
            std::vector<std::string>{"/v1/internal/dns/service/web?max_stale=87600h0m0s"});
  EXPECT_EQ(fake.parked.front(),
            "/v1/internal/dns/service/web?max_stale=87600h0m0s&index=11&wait=5m0s");
}

TEST_F(Asking, what_does_not_exist_and_owners_cost_no_query) {
  EXPECT_EQ(count("nothing"), 0);
  fake.set("/v1/internal/dns/owner/10.0.0.1", {.what = OwnerFinding{"n1", ""}});
  EXPECT_FALSE((*find("10.0.0.1", Subject::Kind::owner))->is_nothing());
  run_for(20ms);
  EXPECT_EQ(fake.waiting_anywhere(), 0);
  clock.ahead += 1100ms;
  EXPECT_EQ(count("nothing"), 0);
  EXPECT_EQ(fake.asked.size(), 3u);
}

TEST_F(Asking, queries_go_with_their_views) {
  for (const char* name : {"a", "b", "c", "d"}) {
    fake.set(std::string("/v1/internal/dns/service/") + name, crowd(1));
    EXPECT_EQ(count(name), 1);
  }
  // Three are kept.
  EXPECT_TRUE(is_parked(3));
  clock.ahead += 11min;
  EXPECT_EQ(count("d"), 1);
  views->sweep();
  EXPECT_TRUE(is_parked(1));
  // Other options: everything is asked for anew.
  views->set_options(options);
  EXPECT_TRUE(is_parked(0));
  // As the leader knows it: nothing is kept.
  options.allow_stale = false;
  views->set_options(options);
  EXPECT_EQ(count("d"), 1);
  EXPECT_EQ(count("d"), 1);
  run_for(20ms);
  EXPECT_EQ(fake.waiting_anywhere(), 0);
  EXPECT_EQ(fake.asked.back(), "/v1/internal/dns/service/d");
}

TEST_F(Asking, queries_follow_the_link_to_another_server) {
  EXPECT_EQ(count("web"), 2);
  ASSERT_TRUE(is_parked(1));
  const std::string first = link.server();
  // Cut off from the leader, but alive.
  fake.passes_on[first] = false;
  ASSERT_TRUE(run_until([&] { return link.is_connected() && link.server() != first; }));
  ASSERT_TRUE(run_until([&] { return fake.waiting[link.server()] == 1; }));
  EXPECT_EQ(fake.waiting[first], 0);
  // And when one dies.
  const std::string second = link.server();
  fake.passes_on[first] = true;
  fake.up[second] = false;
  ASSERT_TRUE(run_until([&] { return fake.waiting[first] == 1; }));
  fake.set("/v1/internal/dns/service/web", crowd(3));
  EXPECT_TRUE(run_until([this] { return count("web") == 3; }));
  EXPECT_EQ(fake.asked.size(), 1u);
}

TEST_F(Asking, without_servers_it_knows_what_it_knew) {
  EXPECT_EQ(count("web"), 2);
  ASSERT_TRUE(is_parked(1));
  fake.up = {};
  ASSERT_TRUE(run_until([this] { return !link.is_connected(); }));
  clock.ahead += 1h;
  EXPECT_EQ(count("web"), 2);
  EXPECT_EQ(count("db"), -1);
  fake.up = {{"a", true}, {"b", true}};
  fake.set("/v1/internal/dns/service/web", crowd(3));
  EXPECT_TRUE(run_until([this] { return count("web") == 3; }));
  EXPECT_TRUE(is_parked(1));
}

TEST_F(Asking, without_servers_it_knows_nothing_beyond_max_stale) {
  options.max_stale = 5s;
  views->set_options(options);
  EXPECT_EQ(count("web"), 2);
  fake.up = {};
  ASSERT_TRUE(run_until([this] { return !link.is_connected(); }));
  EXPECT_EQ(count("web"), 2);
  clock.ahead += 6s;
  EXPECT_EQ(count("web"), -1);
}

TEST_F(Asking, a_change_that_came_last_before_the_servers_went_is_known) {
  EXPECT_EQ(count("web"), 2);
  ASSERT_TRUE(is_parked(1));
  fake.set("/v1/internal/dns/service/web", crowd(3));
  ASSERT_TRUE(run_until([this] { return fake.parked.size() == 2; }));
  fake.up = {};
  ASSERT_TRUE(run_until([this] { return !link.is_connected(); }));
  EXPECT_EQ(count("web"), 3);
}

TEST_F(Asking, another_state_is_believed_although_it_is_younger) {
  EXPECT_EQ(count("web"), 2);
  ASSERT_TRUE(is_parked(1));
  fake.revision = 3;
  fake.set("/v1/internal/dns/service/web", crowd(1));
  EXPECT_TRUE(run_until([this] { return count("web") == 1; }));
}

TEST_F(Asking, of_a_large_service_it_knows_a_part) {
  fake.set("/v1/internal/dns/service/large", crowd(5000));
  EXPECT_EQ(count("large"), 1024);
  ASSERT_TRUE(is_parked(1));
  const std::string part = "&part=" + std::to_string(part_of("here"));
  EXPECT_TRUE(fake.asked.back().ends_with(part)) << fake.asked.back();
  EXPECT_TRUE(fake.parked.back().contains(part)) << fake.parked.back();
}

}  // namespace
}  // namespace conclave::dns
