// Oracle: contract section 12 (operator), and the forwarding of its requests to the leader.

#include "daemon/http/operator.h"

#include <map>
#include <thread>

#include "api/http/target.h"
#include "api/rpc/upstream.h"
#include "base/run/clock.h"
#include "base/run/loop_thread.h"
#include "base/run/metrics.h"
#include "daemon/http/forwarded_requests.h"
#include "daemon/http/routes.h"
#include "tests/unit/daemon_http/server_fixture.h"

namespace conclave::daemon {
namespace {

class FakeOperations final : public ClusterOperations {
 public:
  Task<RaftConfigurationView> raft_configuration() override {
    co_return RaftConfigurationView{.servers = {{.id = "id-1",
                                                 .name = "n1",
                                                 .address = "10.0.0.1:8300",
                                                 .leader = true,
                                                 .last_index = 7},
                                                {.id = "id-2",
                                                 .name = "n2",
                                                 .address = "10.0.0.2:8300",
                                                 .voter = false,
                                                 .last_index = 5}},
                                    .index = 3};
  }
  Task<Result<void>> remove_peer(std::string id, std::string address) override {
    removed = id + "|" + address;
    if (refuse) co_return std::unexpected(*refuse);
    co_return Result<void>();
  }
  Task<Result<void>> transfer_leadership(std::string id) override {
    transferred = id;
    if (refuse) co_return std::unexpected(*refuse);
    co_return Result<void>();
  }
  Task<Result<AutopilotReport>> autopilot_report() override {
    AutopilotReport report{.healthy = healthy, .failure_tolerance = 0};
    report.servers.push_back({.id = "id-1",
                              .name = "n1",
                              .address = "10.0.0.1:8300",
                              .status = "alive",
                              .version = "1.20.0",
                              .leader = true,
                              .healthy = healthy,
                              .last_term = 2,
                              .last_index = 7,
                              .stable_since = std::chrono::seconds(1)});
    co_return report;
  }
  std::string removed;
  std::string transferred;
  std::optional<Error> refuse;
  bool healthy = true;
};

class FakeKeyring final : public KeyringOperations {
 public:
  Task<KeyringReport> list_keys() override {
    co_return KeyringReport{.messages = {{"n3", "connection refused"}},
                            .keys = {{std::string(16, 'a'), 2}, {std::string(32, 'b'), 1}},
                            .primary_keys = {{std::string(16, 'a'), 2}},
                            .servers = 3};
  }
  Task<Result<void>> install_key(std::string key) override { return note("install", key); }
  Task<Result<void>> use_key(std::string key) override { return note("use", key); }
  Task<Result<void>> remove_key(std::string key) override { return note("remove", key); }
  Task<Result<void>> note(std::string what, std::string key) {
    done = what + " " + key;
    if (refuse) co_return std::unexpected(*refuse);
    co_return Result<void>();
  }
  std::string done;
  std::optional<Error> refuse;
};

class FakeRpc final : public api::Rpc, public api::RpcHandlers {
 public:
  Task<Result<std::string>> call(std::string address, api::RpcMethod method, std::string body,
                                 Nanos) override {
    ++calls;
    if (failures-- > 0) co_return fail(ErrorCode::io, "connection refused");
    EXPECT_EQ(address, "10.0.0.9:8300");
    co_return co_await handlers.at(method)({}, std::move(body));
  }
  void add(api::RpcMethod method, api::RpcHandler handler) override {
    handlers[method] = std::move(handler);
  }
  std::map<api::RpcMethod, api::RpcHandler> handlers;
  int calls = 0;
  int failures = 0;
};

/// Looks at its tables in the call itself, as the real one does.
class BusyRpc final : public api::Rpc {
 public:
  Task<Result<std::string>> call(std::string, api::RpcMethod, std::string, Nanos) override {
    called_on = std::this_thread::get_id();
    return busy();
  }
  std::thread::id called_on;

 private:
  static Task<Result<std::string>> busy() { co_return fail(ErrorCode::too_many, "busy"); }
};

Task<void> ask_and_stop(api::Router* router, Loop* loop, int* status) {
  api::Request request;
  request.method = api::Method::get;
  request.method_text = "GET";
  request.path = "/v1/at-leader";
  *status = (co_await router->handle(std::move(request))).status;
  loop->stop();
}

/// Follows 10.0.0.9, or nobody, or leads.
class FollowingReplica final : public Replica {
 public:
  explicit FollowingReplica(Replica& leading) : leading_(leading) {}
  Task<Result<Outcome>> propose(Command command) override { return leading_.propose(command); }
  Task<Result<ReadPermit>> read_permit(Consistency c) override { return leading_.read_permit(c); }
  bool read_permit_now(Consistency c, ReadPermit& permit) override {
    return leading_.read_permit_now(c, permit);
  }
  LeaderInfo leader() const override { return info; }
  std::uint64_t cluster_time_ms() const override { return 1; }
  void on_changes(std::function<void(const std::shared_ptr<const ChangeSet>&)>) override {}
  void on_leadership(std::function<void(bool)>) override {}
  LeaderInfo info{.is_leader = true};

 private:
  Replica& leading_;
};

class RouterUpstream final : public api::Upstream {
 public:
  explicit RouterUpstream(api::Router& router) : router_(router) {}
  Task<api::Response> call(api::Request request) override {
    co_return co_await router_.handle(std::move(request));
  }

 private:
  api::Router& router_;
};

class OperatorTest : public ServerTest {
 protected:
  OperatorTest() : ServerTest() {
    add_server_routes(router_, context_, operators_);
    auto handler =
        forwarded_handler([this](api::Request request, const std::shared_ptr<api::CallEnd>&) {
          return leader_.call(std::move(request));
        });
    rpc_.add(api::RpcMethod::http, [handler](api::RpcPeer peer, std::string body) {
      return handler(std::move(peer), std::move(body), std::make_shared<api::CallEnd>());
    });
  }
  Answer ask(api::Method method, std::string_view target, std::string body = {}) {
    api::Request request;
    request.method = method;
    request.method_text = method == api::Method::get    ? "GET"
                          : method == api::Method::put  ? "PUT"
                          : method == api::Method::post ? "POST"
                                                        : "DELETE";
    request.body = std::move(body);
    EXPECT_TRUE(api::parse_target(target, request));
    std::optional<api::Response> response;
    auto keep = [](api::Router* router, api::Request asked,
                   std::optional<api::Response>* out) -> Task<void> {
      *out = co_await router->handle(std::move(asked));
    };
    context().loop.spawn("test", keep(&router_, std::move(request), &response));
    for (int turn = 0; turn < 1000 && !response; ++turn) settle();
    EXPECT_TRUE(response.has_value()) << target;
    return response ? flatten(std::move(*response)) : Answer{};
  }
  Answer ask_get(std::string_view target) { return ask(api::Method::get, target); }

  FakeOperations operations_;
  FakeRpc rpc_;
  FollowingReplica following_{replica_};
  LeaderForwarder forwarder_{context().loop, context().loop, following_, rpc_, Nanos{0}};
  ServerContext context_{
      context().loop, context().replica, context().reader,  context().hub,      context().renewals,
      operations_,    context().clock,   context().metrics, context().settings, Rng(1)};
  OperatorContext operators_{context_, forwarder_};
  api::Router router_{api::RouterOptions{}};
  RouterUpstream leader_{router_};
};

constexpr std::string_view configuration =
    R"({"Servers":[{"ID":"id-1","Node":"n1","Address":"10.0.0.1:8300","Leader":true,)"
    R"("ProtocolVersion":"3","Voter":true,"LastIndex":7},{"ID":"id-2","Node":"n2",)"
    R"("Address":"10.0.0.2:8300","Leader":false,"ProtocolVersion":"3","Voter":false,)"
    R"("LastIndex":5}],"Index":3})";

TEST_F(OperatorTest, raft_configuration_peer_and_transfer) {
  EXPECT_EQ(ask_get("/v1/operator/raft/configuration").body, configuration);
  const auto del = api::Method::del;
  EXPECT_EQ(refusal(ask(del, "/v1/operator/raft/peer")),
            "400 Must specify either ?id with the server's ID or ?address with IP:port of peer to "
            "remove");
  EXPECT_EQ(refusal(ask(del, "/v1/operator/raft/peer?id=a&address=b")),
            "400 Must specify only one of ?id or ?address");
  EXPECT_EQ(refusal(ask(del, "/v1/operator/raft/peer?id=a")), "200 ");
  EXPECT_EQ(operations_.removed, "a|");
  operations_.refuse = Error{ErrorCode::failed, "id \"a\" was not found"};
  EXPECT_EQ(refusal(ask(del, "/v1/operator/raft/peer?id=a")), "500 id \"a\" was not found");
  operations_.refuse.reset();
  EXPECT_EQ(refusal(ask(api::Method::post, "/v1/operator/raft/transfer-leader?id=id-2")),
            R"(200 {"Success":true})");
  EXPECT_EQ(operations_.transferred, "id-2");
}

TEST_F(OperatorTest, autopilot_configuration_is_read_written_and_compared) {
  EXPECT_EQ(ask_get("/v1/operator/autopilot/configuration").body,
            R"({"CleanupDeadServers":true,"LastContactThreshold":"200ms","MaxTrailingLogs":250,)"
            R"("MinQuorum":0,"ServerStabilizationTime":"10s","RedundancyZoneTag":"",)"
            R"("DisableUpgradeMigration":false,"UpgradeVersionTag":"","CreateIndex":0,)"
            R"("ModifyIndex":0})");
  const auto put = api::Method::put;
  const std::string path = "/v1/operator/autopilot/configuration";
  EXPECT_EQ(refusal(ask(put, path + "?cas=7", "{}")), "200 false");
  EXPECT_EQ(refusal(ask(put, path + "?cas=0", R"({"LastContactThreshold":"1s"})")), "200 true");
  EXPECT_TRUE(ask_get(path).body.contains(R"("LastContactThreshold":"1s","MaxTrailingLogs":250)"));
  EXPECT_EQ(refusal(ask(put, path + "?cas=x", "{}")),
            "400 Error parsing cas value: strconv.ParseUint: parsing \"x\": invalid syntax");
  EXPECT_TRUE(refusal(ask(put, path, "{")).starts_with("400 Error parsing autopilot config: "));
  EXPECT_TRUE(refusal(ask(put, path, R"({"LastContactThreshold":"-1s"})"))
                  .starts_with("400 Error parsing autopilot config: "));
}

TEST_F(OperatorTest, autopilot_health_is_429_when_something_is_wrong) {
  const Answer healthy = ask_get("/v1/operator/autopilot/health");
  EXPECT_EQ(refusal(healthy),
            R"(200 {"Healthy":true,"FailureTolerance":0,"Servers":[{"ID":"id-1","Name":"n1",)"
            R"("Address":"10.0.0.1:8300","SerfStatus":"alive","Version":"1.20.0","Leader":true,)"
            R"("LastContact":"0s","LastTerm":2,"LastIndex":7,"Healthy":true,"Voter":true,)"
            R"("StableSince":"1970-01-01T00:00:01Z"}]})");
  operations_.healthy = false;
  EXPECT_EQ(ask_get("/v1/operator/autopilot/health").status, 429);
  EXPECT_EQ(ask_get("/v1/operator/autopilot/state").status, 200);
}

TEST_F(OperatorTest, autopilot_state_has_servers_by_id) {
  const std::string body = ask_get("/v1/operator/autopilot/state").body;
  EXPECT_TRUE(body.contains(R"("OptimisticFailureTolerance":0,"Servers":{"id-1":{"ID":"id-1")"));
  EXPECT_TRUE(body.contains(R"("Status":"leader","Meta":{},"NodeType":"voter"}},"Leader":"id-1")"));
  EXPECT_TRUE(body.ends_with(R"("Voters":["id-1"],"ReadReplicas":null})"));
}

// Oracle: contract 12 (keyring), and the official Go client's
// TestAPI_OperatorKeyringInstallListPutRemove.
TEST_F(OperatorTest, without_a_key_there_is_no_keyring) {
  const std::string text = "500 keyring is empty (encryption not enabled)";
  EXPECT_EQ(refusal(ask_get("/v1/operator/keyring")), text);
  const std::string body = R"({"Key":"pUqJrVyVRj5jsiYEkM/tFQ=="})";
  for (const api::Method method : {api::Method::post, api::Method::put, api::Method::del}) {
    EXPECT_EQ(refusal(ask(method, "/v1/operator/keyring", body)), text);
  }
}

TEST_F(OperatorTest, keys_are_listed_installed_used_and_removed) {
  using api::Method;
  FakeKeyring keyring;
  operators_.keyring = &keyring;
  const std::string a = "YWFhYWFhYWFhYWFhYWFhYQ==";
  const std::string b = "YmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmI=";
  const std::string ring =
      R"("Datacenter":"dc1","Segment":"","Messages":{"n3":"connection refused"},"Keys":{")" + a +
      R"(":2,")" + b + R"(":1},"PrimaryKeys":{")" + a + R"(":2},"NumNodes":3})";
  EXPECT_EQ(ask_get("/v1/operator/keyring").body,
            R"([{"WAN":true,)" + ring + R"(,{"WAN":false,)" + ring + "]");
  EXPECT_EQ(refusal(ask_get("/v1/operator/keyring?dc=dc9")), "500 No path to datacenter");
  const auto change = [&](Method method, const std::string& key) {
    return refusal(ask(method, "/v1/operator/keyring", R"({"Key":")" + key + "\"}"));
  };
  EXPECT_EQ(change(Method::post, a), "200 ");
  EXPECT_EQ(keyring.done, "install aaaaaaaaaaaaaaaa");
  EXPECT_EQ(change(Method::put, a), "200 ");
  EXPECT_EQ(keyring.done, "use aaaaaaaaaaaaaaaa");
  keyring.refuse = Error{ErrorCode::failed, "Removing the primary key is not allowed"};
  EXPECT_EQ(change(Method::del, a), "500 Removing the primary key is not allowed");
  EXPECT_EQ(keyring.done, "remove aaaaaaaaaaaaaaaa");
  EXPECT_EQ(change(Method::post, "c2hvcnQ="), "500 key size must be 16, 24 or 32 bytes");
  EXPECT_TRUE(refusal(ask(Method::post, "/v1/operator/keyring", "{"))
                  .starts_with("400 Request decode failed: "));
}

TEST_F(OperatorTest, a_follower_forwards_once_and_answers_stale_reads_itself) {
  following_.info = {.leader_id = "x", .leader_address = "10.0.0.9:8300"};
  EXPECT_EQ(ask_get("/v1/operator/raft/configuration?stale").body, configuration);
  EXPECT_EQ(rpc_.calls, 0);
  EXPECT_EQ(ask_get("/v1/operator/raft/configuration").body, configuration);
  EXPECT_EQ(rpc_.calls, 1);
  EXPECT_EQ(refusal(ask(api::Method::del, "/v1/operator/raft/peer")).substr(0, 3), "400");
  operations_.healthy = false;
  EXPECT_EQ(ask_get("/v1/operator/autopilot/health").status, 429);
  EXPECT_EQ(rpc_.calls, 3);
}

TEST_F(OperatorTest, the_leader_is_called_on_main_for_another_loop) {
  Loop main("main");
  std::thread main_thread = run_on_own_thread(main);
  BusyRpc rpc;
  LeaderForwarder forwarder(context().loop, main, following_, rpc, Nanos{0});
  following_.info = {.leader_id = "x", .leader_address = "10.0.0.9:8300"};
  router_.add({.prefix = "/v1/at-leader",
               .methods = {api::Method::get},
               .handler = forwarder.at_leader({})});
  int status = 0;
  context().loop.spawn("ask", ask_and_stop(&router_, &context().loop, &status));
  context().loop.run();
  EXPECT_EQ(status, 429);
  EXPECT_EQ(rpc.called_on, main_thread.get_id());
  main.stop();
  main_thread.join();
}

TEST_F(OperatorTest, without_a_leader_it_says_so) {
  following_.info = {};
  EXPECT_EQ(refusal(ask_get("/v1/operator/raft/configuration")), "500 No cluster leader");
  following_.info = {.leader_id = "x", .leader_address = "10.0.0.9:8300"};
  rpc_.failures = 5;
  EXPECT_EQ(refusal(ask_get("/v1/operator/autopilot/health")), "500 No cluster leader");
}

}  // namespace
}  // namespace conclave::daemon
