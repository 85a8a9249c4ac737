// Renewals on a server that does not lead: the leader answers them, for many in one call.

#include <gtest/gtest.h>

#include "api/model/record.h"
#include "daemon/leases/leases.h"
#include "daemon/state/session.h"
#include "tests/unit/daemon_leases/fake_replica.h"

namespace conclave::daemon {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct FakeClock final : Clock {
  Nanos boot_now() const override { return now; }
  Nanos wall_now() const override { return now; }
  Nanos now = seconds(1000);
};

/// The way from the follower to the leader.
class Way : public api::Rpc, public api::RpcHandlers {
 public:
  void add(api::RpcMethod method, api::RpcHandler added) override {
    EXPECT_EQ(method, api::RpcMethod::renew_session);
    handler = std::move(added);
  }
  Task<Result<std::string>> call(std::string address, api::RpcMethod, std::string body,
                                 Nanos) override {
    EXPECT_EQ(address, "leader:8300");
    bodies.push_back(body);
    if (refuses) co_return std::unexpected(*refuses);
    auto answer = co_await handler({}, std::move(body));
    if (loses_answers) co_return fail(ErrorCode::unknown_outcome, "the connection ended");
    co_return answer;
  }
  api::RpcHandler handler;
  std::vector<std::string> bodies;
  std::optional<Error> refuses;
  bool loses_answers = false;
};

class ForwardedRenewal : public testing::Test {
 protected:
  ForwardedRenewal() {
    leader_replica.apply_now({.body = Register{.node = {.node = "n", .address = "a"}}});
    leader.connect(to_nobody, to_leader);
    follower.connect(to_leader, to_nobody);
    leader_replica.lead(true);
    follower_replica.known_leader = {.leader_id = "l", .leader_address = "leader:8300"};
  }
  ~ForwardedRenewal() override {
    leader.stop();
    follower.stop();
    loop.run_ready();
  }
  void create(const std::string& id) {
    leader_replica.apply_now(
        {.body = SessionCreate{.session = {.id = id, .node = "n", .ttl = "10s"}}});
  }
  using Answer = std::shared_ptr<std::optional<Result<bool>>>;
  Answer renew(const std::string& id) {
    auto answer = std::make_shared<std::optional<Result<bool>>>();
    loop.spawn("renewal", renewal(id, answer));
    return answer;
  }
  Task<void> renewal(std::string id, Answer answer) {
    *answer = co_await follower.renew(std::move(id));
  }
  /// Time passes and everybody looks at the clock.
  void wait(Nanos time) {
    for (Nanos waited{}; waited < time; waited += milliseconds(100)) {
      clock.now += milliseconds(100);
      leader.tick();
      follower.tick();
      loop.run_ready();
    }
  }
  bool lives(const std::string& id) {
    for (const auto& session : live_sessions(leader_replica.rows)) {
      if (session.id == id) return true;
    }
    return false;
  }

  Loop loop{"main"};
  Metrics metrics;
  FakeClock clock;
  FakeReplica leader_replica{loop};
  FakeReplica follower_replica{loop};
  Way to_leader;
  Way to_nobody;
  Leases leader{loop, leader_replica, clock, metrics, [] { return LeaseBasis{}; }};
  Leases follower{loop, follower_replica, clock, metrics, [] { return LeaseBasis{}; }};
};

TEST_F(ForwardedRenewal, the_leader_gives_the_full_time_again) {
  create("s");
  wait(seconds(19));
  const Answer renewed = renew("s");
  const Answer unknown = renew("nobody");
  loop.run_ready();
  EXPECT_EQ(**renewed, true);
  EXPECT_EQ(**unknown, false);
  wait(milliseconds(19900));
  EXPECT_TRUE(lives("s"));
  wait(milliseconds(200));
  EXPECT_FALSE(lives("s"));
}

TEST_F(ForwardedRenewal, those_of_one_turn_are_one_call) {
  std::vector<Answer> answers;
  for (int i = 0; i < 100; ++i) create(std::to_string(i));
  for (int i = 0; i < 100; ++i) answers.push_back(renew(std::to_string(i)));
  loop.run_ready();
  for (const Answer& answer : answers) EXPECT_EQ(**answer, true);
  EXPECT_EQ(to_leader.bodies.size(), 1U);
}

TEST_F(ForwardedRenewal, one_that_is_held_keeps_nobody_waiting) {
  create("late");
  wait(seconds(10));
  create("s");
  leader_replica.held = true;
  wait(milliseconds(10100));
  const Answer held = renew("late");
  const Answer other = renew("s");
  loop.run_ready();
  EXPECT_EQ(**other, true);
  EXPECT_FALSE(*held);
  leader_replica.release();
  wait(milliseconds(100));
  ASSERT_TRUE(*held);
  EXPECT_EQ(**held, false);
}

TEST_F(ForwardedRenewal, a_lost_answer_is_asked_for_again) {
  create("s");
  to_leader.loses_answers = true;
  const Answer renewed = renew("s");
  wait(seconds(1));
  EXPECT_FALSE(*renewed);
  to_leader.loses_answers = false;
  wait(milliseconds(200));
  EXPECT_EQ(**renewed, true);
}

TEST_F(ForwardedRenewal, a_leader_without_a_lease_acknowledges_nothing) {
  create("s");
  leader_replica.no_lease = true;
  const Answer renewed = renew("s");
  wait(seconds(3));
  EXPECT_FALSE(*renewed);
  leader_replica.no_lease = false;
  wait(milliseconds(200));
  EXPECT_EQ(**renewed, true);
}

TEST_F(ForwardedRenewal, without_a_leader_it_waits_seven_seconds) {
  create("s");
  follower_replica.known_leader = {};
  const Answer renewed = renew("s");
  wait(milliseconds(6800));
  EXPECT_FALSE(*renewed);
  wait(milliseconds(400));
  ASSERT_TRUE(*renewed);
  EXPECT_EQ((*renewed)->error(), (Error{ErrorCode::no_leader, "No cluster leader"}));
  EXPECT_TRUE(to_leader.bodies.empty());
}

TEST_F(ForwardedRenewal, who_does_not_lead_sends_nothing_on) {
  create("s");
  leader_replica.lead(false);
  leader_replica.known_leader = {.leader_id = "x", .leader_address = "x:8300"};
  const Answer renewed = renew("s");
  wait(milliseconds(7200));
  ASSERT_TRUE(*renewed);
  EXPECT_EQ((*renewed)->error().code, ErrorCode::no_leader);
  EXPECT_TRUE(to_nobody.bodies.empty());
}

TEST_F(ForwardedRenewal, other_errors_are_passed_on_at_once) {
  to_leader.refuses = Error{ErrorCode::too_many, "busy"};
  const Answer renewed = renew("s");
  loop.run_ready();
  ASSERT_TRUE(*renewed);
  EXPECT_EQ((*renewed)->error(), *to_leader.refuses);
}

TEST_F(ForwardedRenewal, what_is_no_call_is_refused) {
  for (const std::string& body :
       {std::string(), std::string("\xff\xff"), api::encode_record(RenewCall{{"a", "b"}, true})}) {
    auto ask = [](Way& way, std::string bytes, Result<std::string>& reply) -> Task<void> {
      reply = co_await way.handler({}, std::move(bytes));
    };
    Result<std::string> reply;
    loop.spawn("call", ask(to_leader, body, reply));
    loop.run_ready();
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().code, ErrorCode::bad_request);
  }
}

}  // namespace
}  // namespace conclave::daemon
