/// Changes of the configuration as pure functions, and the property that makes them safe.

#include "raft/core/membership.h"

#include <gtest/gtest.h>

#include <set>

#include "raft/core/configuration.h"
#include "tests/raft_cluster/cluster.h"

namespace conclave::raft {
namespace {

using Kind = MembershipChange::Kind;

MembershipChange change(Kind kind, const std::string& name) {
  return {kind, {NodeId{name}, {}, name + ":8300", Suffrage::learner}};
}

std::string text(const Configuration& current, const std::vector<MembershipChange>& changes) {
  const Result<Configuration> changed = changed_configuration(current, changes);
  return changed ? describe(*changed) : "";
}

ErrorCode refusal(const Configuration& current, const std::vector<MembershipChange>& changes) {
  const Result<Configuration> changed = changed_configuration(current, changes);
  return changed ? ErrorCode{} : changed.error().code;
}

TEST(Membership, a_learner_comes_and_goes_in_one_step) {
  const Configuration abc = voters({"a", "b", "c"});
  EXPECT_EQ(text(abc, {change(Kind::add_learner, "d")}), "{a b c d?}");
  const Configuration with =
      *changed_configuration(abc, std::vector{change(Kind::add_learner, "d")});
  EXPECT_EQ(text(with, {change(Kind::remove, "d")}), "{a b c}");
}

TEST(Membership, whatever_touches_votes_goes_through_a_joint_configuration) {
  const Configuration abc = voters({"a", "b", "c"});
  EXPECT_EQ(text(abc, {change(Kind::remove, "c")}), "{a b} and {a b c}");
  EXPECT_EQ(text(abc, {change(Kind::demote, "c")}), "{a b c?} and {a b c}");
  EXPECT_EQ(text(abc, {change(Kind::add_learner, "d"), change(Kind::promote, "d"),
                       change(Kind::remove, "a")}),
            "{b c d} and {a b c}");
}

TEST(Membership, leaving_a_joint_configuration_forgets_the_outgoing_voters) {
  const Configuration joint =
      *changed_configuration(voters({"a", "b"}), std::vector{change(Kind::remove, "b")});
  EXPECT_EQ(describe(without_outgoing(joint)), "{a}");
}

TEST(Membership, another_address_needs_no_joint_configuration) {
  MembershipChange moved = change(Kind::readdress, "b");
  moved.server.address = "10.0.0.9:8300";
  const auto changed = changed_configuration(voters({"a", "b"}), std::vector{moved});
  ASSERT_TRUE(changed);
  EXPECT_TRUE(changed->outgoing.empty());
  EXPECT_EQ(find_server(*changed, NodeId{"b"})->address, "10.0.0.9:8300");
}

TEST(Membership, what_makes_no_sense_is_refused) {
  const Configuration ab = voters({"a", "b"});
  EXPECT_EQ(refusal(ab, {change(Kind::add_learner, "a")}), ErrorCode::exists);
  EXPECT_EQ(refusal(ab, {change(Kind::add_learner, "")}), ErrorCode::bad_request);
  EXPECT_EQ(refusal(ab, {change(Kind::promote, "z")}), ErrorCode::not_found);
  EXPECT_EQ(refusal(ab, {change(Kind::promote, "a")}), ErrorCode::bad_request);
  EXPECT_EQ(refusal(ab, {}), ErrorCode::bad_request);
  EXPECT_EQ(refusal(ab, {change(Kind::remove, "a"), change(Kind::remove, "b")}),
            ErrorCode::bad_request);
}

// Reliability rule 4: a server that lost its disk has forgotten what it promised as a voter.
TEST(Membership, a_server_does_not_change_its_incarnation_in_one_step) {
  MembershipChange anew = change(Kind::add_learner, "b");
  anew.server.incarnation[0] = 1;
  EXPECT_EQ(refusal(voters({"a", "b"}), {change(Kind::remove, "b"), anew}), ErrorCode::exists);
}

/// All sets of servers, as bits over "a" to "e", that are a quorum.
std::vector<unsigned> quorums(const Configuration& configuration) {
  std::vector<unsigned> out;
  for (unsigned set = 0; set < 32; ++set) {
    const auto agrees = [set](const NodeId& id) { return (set >> (id.value[0] - 'a') & 1) != 0; };
    if (has_quorum(configuration, agrees)) out.push_back(set);
  }
  return out;
}

Configuration voters_of_bits(unsigned bits) {
  std::vector<std::string> names;
  for (unsigned i = 0; i < 5; ++i) {
    if ((bits >> i & 1) != 0) names.emplace_back(1, static_cast<char>('a' + i));
  }
  return voters(names);
}

std::vector<MembershipChange> changes_between(const Configuration& from, const Configuration& to) {
  std::vector<MembershipChange> changes;
  for (const Server& server : from.servers) {
    if (find_server(to, server.id) == nullptr) changes.push_back({Kind::remove, server});
  }
  for (const Server& server : to.servers) {
    if (find_server(from, server.id) != nullptr) continue;
    changes.push_back({Kind::add_learner, server});
    changes.push_back({Kind::promote, server});
  }
  return changes;
}

void expect_overlap(const Configuration& one, const Configuration& other) {
  for (const unsigned a : quorums(one)) {
    for (const unsigned b : quorums(other)) {
      ASSERT_NE(a & b, 0U) << describe(one) << " and " << describe(other);
    }
  }
}

// Design §8, invariant 14, for every pair of voter sets among five servers.
TEST(Membership, configurations_that_may_both_be_active_overlap_in_every_quorum) {
  for (unsigned before = 1; before < 32; ++before) {
    for (unsigned after = 1; after < 32; ++after) {
      if (before == after) continue;
      const Configuration from = voters_of_bits(before);
      const auto joint = changed_configuration(from, changes_between(from, voters_of_bits(after)));
      ASSERT_TRUE(joint);
      expect_overlap(*joint, *joint);
      expect_overlap(from, *joint);
      expect_overlap(*joint, without_outgoing(*joint));
    }
  }
}

TEST(Promotion, needs_a_log_that_is_nearly_complete) {
  const Options options{.promote_lag_entries_max = 10};
  EXPECT_FALSE(is_caught_up({Index{89}, Index{100}, 0, 0}, options));
  EXPECT_TRUE(is_caught_up({Index{90}, Index{100}, 0, 0}, options));
}

TEST(Promotion, needs_a_server_that_answers) {
  const Options options{.election_timeout_ticks_min = 10};
  EXPECT_TRUE(is_caught_up({Index{5}, Index{5}, 9, 0}, options));
  EXPECT_FALSE(is_caught_up({Index{5}, Index{5}, 10, 0}, options));
}

TEST(Promotion, needs_both_for_a_while) {
  const Options options{.promote_after_ticks = 20};
  EXPECT_FALSE(may_promote({Index{5}, Index{5}, 0, 19}, options));
  EXPECT_TRUE(may_promote({Index{5}, Index{5}, 0, 20}, options));
}

}  // namespace
}  // namespace conclave::raft
