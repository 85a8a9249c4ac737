// When an agent is taken for dead (design section 4, Liveness).

#include <gtest/gtest.h>

#include "daemon/members/node_leases.h"
#include "daemon/members/reconcile.h"

namespace conclave::daemon {
namespace {

using std::chrono::seconds;
using Status = api::MemberStatus;

std::vector<std::string> ids(int count) {
  std::vector<std::string> all;
  for (int n = 0; n < count; ++n) all.push_back("agent-" + std::to_string(n));
  return all;
}

NodeLeases::Guard look(NodeLeases& leases, const std::vector<std::string>& alive, Nanos now) {
  return leases.look(std::vector<std::string_view>(alive.begin(), alive.end()), now);
}

TEST(Leases, end_after_their_time_and_begin_again_at_once) {
  NodeLeases leases({.ttl = seconds(10)});
  leases.begin(seconds(100));
  leases.renew("a", seconds(101));
  EXPECT_EQ(leases.lease_of("a", seconds(111)), Lease::valid);
  EXPECT_EQ(leases.lease_of("a", seconds(112)), Lease::ended);
  leases.renew("a", seconds(113));
  EXPECT_EQ(leases.lease_of("a", seconds(113)), Lease::valid);
}

TEST(Leases, a_new_leader_gives_everybody_a_full_period) {
  NodeLeases leases({.ttl = seconds(10)});
  leases.begin(seconds(100));
  EXPECT_EQ(leases.lease_of("a", seconds(110)), Lease::unknown);
  EXPECT_EQ(leases.lease_of("a", seconds(111)), Lease::ended);
  leases.begin(seconds(120));
  EXPECT_EQ(leases.lease_of("a", seconds(130)), Lease::unknown);
}

TEST(Leases, a_fault_of_the_network_ends_none) {
  NodeLeases leases({.ttl = seconds(10)});
  leases.begin(seconds(0));
  const auto all = ids(100);
  for (const std::string& id : all) leases.renew(id, seconds(100));
  for (int n = 0; n < 69; ++n) leases.renew(all[static_cast<std::size_t>(n)], seconds(110));
  NodeLeases::Guard guard = look(leases, all, seconds(110));
  EXPECT_TRUE(guard.holds && guard.changed);
  EXPECT_EQ(guard.late, 31u);
  EXPECT_EQ(leases.lease_of(all[99], seconds(111)), Lease::unknown);
  EXPECT_EQ(leases.lease_of(all[0], seconds(111)), Lease::valid);
  // One of them returns: the rest are hosts that died.
  leases.renew(all[99], seconds(112));
  guard = look(leases, all, seconds(112));
  EXPECT_TRUE(!guard.holds && guard.changed);
  EXPECT_EQ(leases.lease_of(all[98], seconds(112)), Lease::ended);
}

TEST(Leases, few_agents_are_not_guarded) {
  NodeLeases leases({.ttl = seconds(10)});
  leases.begin(seconds(0));
  const auto all = ids(49);
  for (const std::string& id : all) leases.renew(id, seconds(50));
  EXPECT_FALSE(look(leases, all, seconds(61)).holds);
  EXPECT_EQ(leases.lease_of(all[0], seconds(61)), Lease::ended);
}

MemberFacts agent_facts(Status status, Lease lease) {
  NodeCard card;
  card.node.id = "id";
  card.node.node = "n";
  card.server = false;
  return {.member = member_of(card, status), .lease = lease};
}

TEST(Leases, say_what_becomes_of_a_member) {
  struct Case {
    Status before;
    Lease lease;
    Status after;
  };
  const Case cases[] = {
      {Status::alive, Lease::valid, Status::alive},
      {Status::alive, Lease::unknown, Status::alive},
      {Status::alive, Lease::ended, Status::failed},
      {Status::failed, Lease::unknown, Status::failed},
      {Status::failed, Lease::valid, Status::alive},
      {Status::leaving, Lease::valid, Status::alive},
      {Status::leaving, Lease::ended, Status::left},
      {Status::left, Lease::valid, Status::left},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(status_of(agent_facts(one.before, one.lease), {}), one.after)
        << api::status_text(one.before) << " " << static_cast<int>(one.lease);
  }
}

}  // namespace
}  // namespace conclave::daemon
