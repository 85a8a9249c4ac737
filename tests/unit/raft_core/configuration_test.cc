#include "raft/core/configuration.h"

#include <gtest/gtest.h>

#include <set>

namespace conclave::raft {
namespace {

Server server(const std::string& id, Suffrage suffrage = Suffrage::voter) {
  Server out{NodeId{id}, {}, id + ":8300", suffrage};
  out.incarnation[3] = 7;
  return out;
}

Configuration joint() {
  return {{server("a"), server("b"), server("l", Suffrage::learner)}, {server("a"), server("c")}};
}

TEST(Configuration, is_read_back_as_written) {
  for (const Configuration& c : {Configuration{}, Configuration{{server("a")}, {}}, joint()}) {
    const auto decoded = decode_configuration(encode_configuration(c));
    ASSERT_TRUE(decoded);
    EXPECT_EQ(*decoded, c);
  }
}

TEST(Configuration, cut_anywhere_or_extended_it_is_refused) {
  const std::string bytes = encode_configuration(joint());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto decoded = decode_configuration(bytes.substr(0, size));
    ASSERT_FALSE(decoded) << size;
    EXPECT_EQ(decoded.error().code, ErrorCode::corrupt);
  }
  EXPECT_FALSE(decode_configuration(bytes + '\0'));
}

TEST(Configuration, any_flipped_bit_is_refused_or_gives_another_configuration) {
  const std::string bytes = encode_configuration(joint());
  for (std::size_t i = 0; i < bytes.size() * 8; ++i) {
    std::string damaged = bytes;
    damaged[i / 8] = static_cast<char>(damaged[i / 8] ^ (1 << (i % 8)));
    const auto decoded = decode_configuration(damaged);
    if (decoded) {
      EXPECT_NE(*decoded, joint()) << i;
    }
  }
}

TEST(Configuration, unknown_version_suffrage_and_doubled_or_nameless_servers_are_refused) {
  std::string bytes = encode_configuration({{server("a")}, {}});
  std::string version = bytes;
  version[0] = 2;
  EXPECT_FALSE(decode_configuration(version));
  std::string suffrage = bytes;
  suffrage[suffrage.size() - 2] = 9;
  EXPECT_FALSE(decode_configuration(suffrage));
  EXPECT_FALSE(decode_configuration(encode_configuration({{server("a"), server("a")}, {}})));
  EXPECT_FALSE(decode_configuration(encode_configuration({{server("")}, {}})));
}

TEST(Configuration, a_majority_is_more_than_half_for_every_size) {
  for (std::size_t size = 1; size <= 9; ++size) {
    Configuration c;
    for (std::size_t i = 0; i < size; ++i) c.servers.push_back(server(std::to_string(i)));
    for (std::size_t agreeing = 0; agreeing <= size; ++agreeing) {
      const bool quorum =
          has_quorum(c, [&](const NodeId& id) { return std::stoul(id.value) < agreeing; });
      EXPECT_EQ(quorum, agreeing * 2 > size) << size << ' ' << agreeing;
    }
  }
}

TEST(Configuration, any_two_quorums_overlap_also_across_a_joint_change) {
  const Configuration c = {{server("a"), server("b"), server("c")},
                           {server("a"), server("d"), server("e")}};
  const std::vector<std::string> all = {"a", "b", "c", "d", "e"};
  std::vector<unsigned> quorums;
  for (unsigned set = 0; set < 32; ++set) {
    const auto in_set = [&](const NodeId& id) {
      for (unsigned i = 0; i < all.size(); ++i) {
        if (all[i] == id.value) return ((set >> i) & 1U) != 0;
      }
      return false;
    };
    if (has_quorum(c, in_set)) quorums.push_back(set);
  }
  EXPECT_FALSE(quorums.empty());
  for (const unsigned one : quorums) {
    for (const unsigned other : quorums) EXPECT_NE(one & other, 0U);
  }
}

TEST(Configuration, learners_count_for_nothing) {
  const Configuration c = {{server("a"), server("l", Suffrage::learner)}, {}};
  EXPECT_FALSE(has_quorum(c, [](const NodeId& id) { return id.value == "l"; }));
  EXPECT_TRUE(has_quorum(c, [](const NodeId& id) { return id.value == "a"; }));
  EXPECT_FALSE(has_quorum({}, [](const NodeId&) { return true; }));
}

TEST(Configuration, the_quorum_value_is_what_a_majority_reaches) {
  const Configuration c = {{server("1"), server("5"), server("9")}, {}};
  EXPECT_EQ(quorum_value(c, [](const NodeId& id) { return std::stoull(id.value); }), 5U);
  const Configuration even = {{server("1"), server("2"), server("5"), server("9")}, {}};
  EXPECT_EQ(quorum_value(even, [](const NodeId& id) { return std::stoull(id.value); }), 2U);
}

TEST(Configuration, alone_means_no_other_server_of_any_kind) {
  EXPECT_TRUE(is_alone({{server("a")}, {}}, NodeId{"a"}));
  EXPECT_FALSE(is_alone({{server("a")}, {}}, NodeId{"b"}));
  EXPECT_FALSE(is_alone({{server("a"), server("l", Suffrage::learner)}, {}}, NodeId{"a"}));
  EXPECT_FALSE(is_alone({{server("a")}, {server("b")}}, NodeId{"a"}));
  EXPECT_FALSE(is_alone({{server("a", Suffrage::learner)}, {}}, NodeId{"a"}));
}

}  // namespace
}  // namespace conclave::raft
