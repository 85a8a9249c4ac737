// The leader's timers at work: expiry by proposal, renewals held meanwhile, reaping.
// Contract 5.2, 5.3.

#include "daemon/leases/leases.h"

#include <gtest/gtest.h>

#include "daemon/state/session.h"
#include "tests/unit/daemon_leases/fake_replica.h"

namespace conclave::daemon {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

struct FakeClock final : Clock {
  Nanos boot_now() const override { return now; }
  Nanos wall_now() const override { return now; }
  Nanos now = seconds(1000);
};

class LeasesTest : public testing::Test {
 protected:
  LeasesTest() { replica.apply_now({.body = Register{.node = {.node = "n", .address = "a"}}}); }
  ~LeasesTest() override {
    leases.stop();
    loop.run_ready();
  }
  void create(const std::string& id, const std::string& ttl) {
    replica.apply_now({.body = SessionCreate{.session = {.id = id, .node = "n", .ttl = ttl}}});
  }
  bool lives(const std::string& id) {
    for (const auto& session : live_sessions(replica.rows)) {
      if (session.id == id) return true;
    }
    return false;
  }
  void look() {
    leases.tick();
    loop.run_ready();
  }
  /// Begins a renewal; its answer is in `answer` once there is one.
  void renew(const std::string& id) {
    answer.reset();
    loop.spawn("renewal", renewal(id));
    loop.run_ready();
  }
  Task<void> renewal(std::string id) { answer = co_await leases.renew(std::move(id)); }

  Loop loop{"main"};
  Metrics metrics;
  FakeClock clock;
  FakeReplica replica{loop};
  Leases leases{loop, replica, clock, metrics, [this] {
                  return LeaseBasis{stored_revision(replica.rows), live_sessions(replica.rows)};
                }};
  std::optional<Result<bool>> answer;
};

TEST_F(LeasesTest, session_that_is_not_renewed_is_ended_by_a_proposal) {
  replica.lead(true);
  create("s", "10s");
  clock.now += seconds(20) - Nanos(1);
  look();
  EXPECT_TRUE(lives("s"));
  clock.now += Nanos(1);
  look();
  EXPECT_FALSE(lives("s"));
  const auto ends = replica.proposed_of<SessionEnd>();
  ASSERT_EQ(ends.size(), 1u);
  EXPECT_EQ(ends[0], (SessionEnd{.id = "s", .expired = true}));
  renew("s");
  EXPECT_EQ(*answer, false);
}

TEST_F(LeasesTest, renewal_is_acknowledged_and_gives_the_full_time) {
  replica.lead(true);
  create("s", "10s");
  clock.now += seconds(19);
  renew("s");
  EXPECT_EQ(*answer, true);
  clock.now += seconds(19);
  look();
  EXPECT_TRUE(lives("s"));
  clock.now += seconds(1);
  look();
  EXPECT_FALSE(lives("s"));
}

TEST_F(LeasesTest, renewal_without_ttl_succeeds_and_of_an_unknown_session_does_not) {
  replica.lead(true);
  create("s", "");
  renew("s");
  EXPECT_EQ(*answer, true);
  renew("nobody");
  EXPECT_EQ(*answer, false);
}

TEST_F(LeasesTest, trap_07_new_leader_gives_every_session_its_full_time) {
  create("s", "10s");
  clock.now += minutes(5);
  replica.lead(true);
  clock.now += seconds(19);
  look();
  EXPECT_TRUE(lives("s"));
  clock.now += seconds(1);
  look();
  EXPECT_FALSE(lives("s"));
}

TEST_F(LeasesTest, renewal_while_the_end_is_under_way_is_held_and_then_unknown) {
  replica.lead(true);
  create("s", "10s");
  clock.now += seconds(20);
  replica.held = true;
  look();
  renew("s");
  EXPECT_FALSE(answer.has_value());
  replica.release();
  loop.run_ready();
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(*answer, false);
}

TEST_F(LeasesTest, renewal_that_is_held_when_leadership_ends_is_an_error) {
  replica.lead(true);
  create("s", "10s");
  clock.now += seconds(20);
  replica.held = true;
  look();
  renew("s");
  replica.lead(false);
  loop.run_ready();
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->error().code, ErrorCode::no_leader);
}

TEST_F(LeasesTest, who_does_not_lead_or_has_no_lease_renews_nothing) {
  create("s", "10s");
  renew("s");
  EXPECT_EQ(answer->error().message, "No cluster leader");
  replica.lead(true);
  replica.no_lease = true;
  renew("s");
  EXPECT_EQ(answer->error().message, "No cluster leader");
}

TEST_F(LeasesTest, who_does_not_lead_proposes_nothing) {
  replica.lead(true);
  create("s", "10s");
  replica.lead(false);
  clock.now += minutes(60);
  look();
  EXPECT_TRUE(replica.proposed.empty());
  EXPECT_TRUE(lives("s"));
}

TEST_F(LeasesTest, end_that_could_not_be_proposed_is_not_forgotten) {
  replica.lead(true);
  create("s", "10s");
  clock.now += seconds(20);
  replica.failure = Error{ErrorCode::unknown_outcome, "who knows"};
  look();
  EXPECT_TRUE(lives("s"));
  // It may still be applied: a renewal must not be acknowledged.
  renew("s");
  EXPECT_FALSE(answer.has_value());
}

TEST_F(LeasesTest, tombstones_are_reaped_a_quarter_of_an_hour_after_the_removal) {
  replica.lead(true);
  clock.now += minutes(20);
  look();
  replica.proposed.clear();
  replica.apply_now({.body = KvOp{.key = "a"}});
  replica.apply_now({.body = KvOp{.verb = KvVerb::remove, .key = "a"}});
  const std::uint64_t removed = stored_revision(replica.rows);
  clock.now += minutes(15);
  look();
  EXPECT_TRUE(replica.proposed_of<ReapTombstones>().empty());
  clock.now += seconds(30);
  look();
  EXPECT_EQ(replica.proposed_of<ReapTombstones>(), (std::vector<ReapTombstones>{{removed}}));
  clock.now += minutes(60);
  look();
  EXPECT_EQ(replica.proposed_of<ReapTombstones>().size(), 1u);
}

TEST_F(LeasesTest, tombstones_and_delays_of_an_earlier_leader_are_reaped_too) {
  replica.apply_now({.body = KvOp{.key = "a"}});
  replica.apply_now({.body = KvOp{.verb = KvVerb::remove, .key = "a"}});
  replica.lead(true);
  clock.now += minutes(16);
  look();
  EXPECT_EQ(replica.proposed_of<ReapTombstones>().size(), 1u);
  EXPECT_EQ(replica.proposed_of<ReapLockDelays>().size(), 1u);
}

TEST_F(LeasesTest, lock_delays_are_reaped_after_they_were_armed) {
  replica.lead(true);
  clock.now += minutes(2);
  look();
  replica.proposed.clear();
  replica.apply_now(
      {.body = SessionCreate{.session = {.id = "s", .node = "n", .lock_delay = seconds(15)}}});
  replica.apply_now({.body = KvOp{.verb = KvVerb::lock, .key = "k", .session = "s"}});
  clock.now += minutes(2);
  look();
  EXPECT_TRUE(replica.proposed_of<ReapLockDelays>().empty());
  replica.apply_now({.body = SessionEnd{.id = "s"}});
  clock.now += minutes(2);
  look();
  EXPECT_EQ(replica.proposed_of<ReapLockDelays>().size(), 1u);
}

}  // namespace
}  // namespace conclave::daemon
