#include "tests/unit/daemon_http/server_fixture.h"

#include <algorithm>
#include <utility>

#include "api/http/target.h"
#include "base/core/text.h"
#include "base/run/clock.h"
#include "base/run/loop.h"
#include "base/run/metrics.h"
#include "daemon/http/routes.h"
#include "daemon/watch/hub.h"
#include "daemon/watch/large_reads.h"

namespace conclave::daemon {

namespace {

class MemorySnapshot final : public ReadSnapshot::Impl {
 public:
  explicit MemorySnapshot(const ReadRows& rows) : rows_(rows) {}
  const ReadRows& rows() const override { return rows_; }
  AppliedPosition applied() const override { return {}; }

 private:
  const ReadRows& rows_;
};

class MemoryReader final : public Reader {
 public:
  explicit MemoryReader(const ReadRows& rows) : rows_(rows) {}
  ReadSnapshot open() override { return ReadSnapshot(std::make_unique<MemorySnapshot>(rows_)); }

 private:
  const ReadRows& rows_;
};

class FakeRenewals final : public SessionRenewals {
 public:
  Task<Result<bool>> renew(std::string id) override {
    co_return std::ranges::find(known, id) != known.end();
  }
  std::vector<std::string> known;
};

class FakeCluster final : public ClusterOperations {
 public:
  Task<RaftConfigurationView> raft_configuration() override {
    co_return RaftConfigurationView{
        .servers = {{.id = "id-1", .name = "n1", .address = "10.0.0.1:8300", .leader = true},
                    {.id = "id-2", .name = "n2", .address = "10.0.0.2:8300", .voter = false}},
        .index = 3};
  }
  Task<Result<void>> remove_peer(std::string, std::string) override { co_return refused(); }
  Task<Result<void>> transfer_leadership(std::string) override { co_return refused(); }
  Task<Result<AutopilotReport>> autopilot_report() override { co_return refused(); }

 private:
  static std::unexpected<Error> refused() { return fail(ErrorCode::failed, "not in this test"); }
};

class NoRpc final : public api::Rpc {
 public:
  Task<Result<std::string>> call(std::string, api::RpcMethod, std::string, Nanos) override {
    co_return fail(ErrorCode::io, "there is nobody else in this test");
  }
};

/// A stream that never waits, read to its end.
std::string read_stream(api::BodyStream& stream) {
  std::string all;
  Loop loop("stream");
  auto read = [](api::BodyStream* from, std::string* to) -> Task<void> {
    for (std::string piece; !(piece = co_await from->next()).empty();) *to += piece;
  };
  loop.spawn("read", read(&stream, &all));
  loop.run_ready();
  return all;
}

Answer flattened(api::Response response) {
  Answer answer{.status = response.status,
                .body = {},
                .content_type = response.content_type,
                .headers = response.headers};
  if (const auto* text = std::get_if<std::string>(&response.body)) answer.body = *text;
  if (const auto* shared = std::get_if<api::SharedBody>(&response.body); shared && *shared) {
    answer.body = **shared;
  }
  if (const auto* stream = std::get_if<std::unique_ptr<api::BodyStream>>(&response.body)) {
    answer.length = (*stream)->length();
    answer.body = read_stream(**stream);
  }
  return answer;
}

}  // namespace

std::string Answer::header(std::string_view name) const {
  for (const auto& header : headers) {
    if (equal_ignoring_case(header.name, name)) return header.value;
  }
  return {};
}

std::uint64_t Answer::index() const { return parse_u64(header("X-Consul-Index")).value_or(0); }

Outcome FakeReplica::apply_now(CommandBody body, std::string request_id) {
  Command command{.body = std::move(body), .request_id = std::move(request_id)};
  Outcome all;
  for (bool first = true;; first = false) {
    ChangeSet changes;
    const ApplyTime time{.cluster_time_ms = cluster_time_ms_, .wall_time = {}};
    Outcome outcome = apply(command, time, rows_, changes);
    if (hub_ != nullptr) hub_->publish(changes);
    if (first) all = outcome;
    if (outcome.job == 0) return all;
    command = {.body = ContinueJob{outcome.job}, .request_id = {}};
  }
}

Task<Result<Outcome>> FakeReplica::propose(Command command) {
  ++proposals;
  if (refuse.has_value()) co_return std::unexpected(*refuse);
  co_return apply_now(std::move(command.body), std::move(command.request_id));
}

Task<Result<ReadPermit>> FakeReplica::read_permit(Consistency consistency) {
  asked.push_back(consistency);
  if (consistency != Consistency::stale && refuse.has_value()) co_return std::unexpected(*refuse);
  co_return ReadPermit{.known_leader = !refuse.has_value(),
                       .last_contact_ms = consistency == Consistency::stale ? stale_age_ms : 0};
}

bool FakeReplica::read_permit_now(Consistency consistency, ReadPermit& permit) {
  if (consistency == Consistency::consistent || refuse.has_value()) return false;
  permit = {.known_leader = true,
            .last_contact_ms = consistency == Consistency::stale ? stale_age_ms : 0};
  asked.push_back(consistency);
  return true;
}

LeaderInfo FakeReplica::leader() const {
  if (refuse.has_value()) return {};
  return {.is_leader = true, .leader_id = "id-1", .leader_address = "10.0.0.1:8300", .term = 1};
}

struct ServerTest::Parts {
  explicit Parts(ServerTest& test)
      : reader(test.rows_),
        large_reads({.spool = {.directory = testing::TempDir(), .free_bytes_min = 0}}, metrics,
                    [this](std::function<void()> step) { loop.post(std::move(step)); }),
        hub(loop, reader, large_reads, metrics),
        context{loop,           test.replica_, reader,         hub,   renewals, cluster,
                system_clock(), metrics,       test.settings_, Rng(1)},
        router(api::RouterOptions{}) {
    add_server_routes(router, context, operators);
  }

  Loop loop{"test"};
  Metrics metrics;
  MemoryReader reader;
  LargeReads large_reads;
  WatchHub hub;
  FakeRenewals renewals;
  FakeCluster cluster;
  ServerContext context;
  NoRpc rpc;
  LeaderForwarder forwarder{loop, loop, context.replica, rpc, Nanos{0}};
  OperatorContext operators{context, forwarder};
  api::Router router;
};

ServerTest::ServerTest() : settings_(std::make_shared<ServerSettings>()) {
  settings_->node_name = "n1";
  initialise_state(rows_);
  parts_ = std::make_unique<Parts>(*this);
  hub_ = &parts_->hub;
  Register node;
  node.node = {.node = "n1", .address = "10.0.0.1", .datacenter = "dc1"};
  node.checks.push_back({.node = "n1",
                         .check_id = "serfHealth",
                         .name = "Serf Health Status",
                         .status = "passing",
                         .output = "Agent alive and reachable"});
  const Outcome outcome = replica_.apply_now(std::move(node));
  EXPECT_EQ(outcome.error, "");
}

ServerTest::~ServerTest() { hub_ = nullptr; }

api::Response ServerTest::respond(api::Method method, std::string_view target, std::string body,
                                  std::vector<api::Header> headers) {
  api::Request request;
  request.method = method;
  request.method_text = "TEST";
  request.body = std::move(body);
  request.headers = std::move(headers);
  EXPECT_TRUE(api::parse_target(target, request));
  std::optional<api::Response> response;
  auto keep = [](api::Router* router, api::Request asked,
                 std::optional<api::Response>* out) -> Task<void> {
    *out = co_await router->handle(std::move(asked));
  };
  parts_->loop.spawn("test request", keep(&parts_->router, std::move(request), &response));
  settle();
  EXPECT_TRUE(response.has_value()) << "no answer to " << target;
  return response.has_value() ? std::move(*response) : api::Response{};
}

Answer ServerTest::call(api::Method method, std::string_view target, std::string body,
                        std::vector<api::Header> headers) {
  api::Response response = respond(method, target, std::move(body), std::move(headers));
  EXPECT_EQ(response.parked, nullptr) << target << " waits";
  return flatten(std::move(response));
}

Answer ServerTest::get_large(std::string_view target, std::vector<api::Header> headers) {
  api::Response response = respond(api::Method::get, target, {}, std::move(headers));
  EXPECT_NE(response.parked, nullptr) << target << " is answered at once";
  Answer answer;
  if (response.parked == nullptr) return answer;
  response.parked->start([&](api::Response late) { answer = flatten(std::move(late)); });
  for (int turn = 0; turn < 100 && answer.status == 0; ++turn) settle();
  return answer;
}

Answer ServerTest::flatten(api::Response response) { return flattened(std::move(response)); }

ServerContext& ServerTest::context() { return parts_->context; }

api::Router& ServerTest::router() { return parts_->router; }

std::shared_ptr<ServerTest::Waiting> ServerTest::wait_for(std::string_view target) {
  api::Response response = respond(api::Method::get, target, {}, {});
  auto waiting = std::make_shared<Waiting>();
  waiting->parked = std::move(response.parked);
  EXPECT_NE(waiting->parked, nullptr) << target << " does not wait";
  if (waiting->parked == nullptr) return waiting;
  waiting->parked->start(
      [at = waiting.get()](api::Response late) { at->answer = flatten(std::move(late)); });
  settle();
  return waiting;
}

void ServerTest::settle() { parts_->loop.run_ready(); }

std::string ServerTest::refusal(const Answer& answer) const {
  return std::to_string(answer.status) + " " + answer.body;
}

void ServerTest::register_service(const std::string& node, const std::string& id,
                                  const std::string& name, const std::string& rest) {
  const Answer answer = put("/v1/catalog/register",
                            R"({"Node":")" + node + R"(","Address":"10.0.0.9","Service":{"ID":")" +
                                id + R"(","Service":")" + name + "\"" + rest + "}}");
  EXPECT_EQ(answer.body, "true");
}

std::string ServerTest::create_session(const std::string& body) {
  const Answer answer = put("/v1/session/create", body);
  EXPECT_EQ(answer.status, 200) << answer.body;
  // {"ID":"<36 characters>"}
  return answer.body.size() == 45 ? answer.body.substr(7, 36) : std::string();
}

std::vector<std::string>& ServerTest::renewable() { return parts_->renewals.known; }

}  // namespace conclave::daemon
