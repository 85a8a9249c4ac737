// Which instances of a large service an agent is told, and how.

#include "agent/dns/part.h"

#include <gtest/gtest.h>

#include <set>

#include "agent/dns/finding_record.h"
#include "tests/unit/agent_dns/sample.h"

namespace conclave::dns {
namespace {

std::set<std::string> nodes_of_part(const Finding& all, std::uint32_t part,
                                    const PartLimits& limits) {
  ServiceFinding found = std::get<ServiceFinding>(all.what);
  take_part(found, part, limits);
  EXPECT_TRUE(found.is_part);
  std::set<std::string> nodes;
  for (const Instance& instance : found.instances) nodes.insert(instance.node);
  EXPECT_EQ(nodes.size(), found.instances.size());
  return nodes;
}

TEST(Part, what_is_small_stays_whole) {
  Finding all = crowd(1024);
  auto& found = std::get<ServiceFinding>(all.what);
  take_part(found, 7);
  EXPECT_EQ(found.instances.size(), 1024u);
  EXPECT_EQ(found.instances.front().node, "n1");
  EXPECT_FALSE(found.is_part);
}

TEST(Part, all_parts_together_are_all) {
  const Finding all = crowd(2000);
  std::set<std::string> nodes;
  for (std::uint32_t part = 0; part < parts; ++part) {
    const auto some = nodes_of_part(all, part, {.instances_max = 100});
    EXPECT_EQ(some.size(), 100u);
    nodes.insert(some.begin(), some.end());
  }
  EXPECT_EQ(nodes.size(), 2000u);
}

TEST(Part, one_instance_more_changes_little) {
  const auto before = nodes_of_part(crowd(2000), 5, {.instances_max = 100});
  const auto after = nodes_of_part(crowd(2001), 5, {.instances_max = 100});
  std::size_t same = 0;
  for (const std::string& node : after) same += before.count(node);
  EXPECT_GE(same, 99u);
}

TEST(Part, the_nearest_stay_first) {
  Finding all = crowd(50);
  auto& found = std::get<ServiceFinding>(all.what);
  found.nearest_first = true;
  take_part(found, 9, {.instances_max = 3});
  ASSERT_EQ(found.instances.size(), 3u);
  EXPECT_EQ(found.instances.front().node, "n1");
}

TEST(Part, bytes_count_as_well) {
  Finding all = crowd(50);
  auto& found = std::get<ServiceFinding>(all.what);
  for (Instance& instance : found.instances) instance.tags = {std::string(1000, 't')};
  take_part(found, 0, {.bytes_max = 10'000});
  EXPECT_TRUE(found.is_part);
  EXPECT_GT(found.instances.size(), 5u);
  EXPECT_LT(found.instances.size(), 10u);
  take_part(found, 0, {.bytes_max = 1});
  EXPECT_EQ(found.instances.size(), 1u);
}

TEST(FindingRecord, comes_back_as_it_was) {
  Instance one = instance("n1", "10.0.0.1", 80, "10.1.0.1");
  one.node_meta = {{"rack", "r1"}, {"", "odd"}};
  one.tags = {"v1", ""};
  one.weight = 7;
  one.warning = true;
  Finding finding = service({one, instance("n2", "10.0.0.2", 0)}, "Web");
  finding.revision = 12;
  auto& sent = std::get<ServiceFinding>(finding.what);
  sent.ttl = "5s";
  sent.nearest_first = true;
  sent.is_part = true;
  const auto back = decode_finding(encode_finding(finding));
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->revision, 12u);
  const auto& found = std::get<ServiceFinding>(back->what);
  EXPECT_EQ(found.service, "Web");
  EXPECT_EQ(found.ttl, "5s");
  EXPECT_TRUE(found.nearest_first);
  EXPECT_TRUE(found.is_part);
  ASSERT_EQ(found.instances.size(), 2u);
  const Instance& first = found.instances.front();
  EXPECT_EQ(first.node, "n1");
  EXPECT_EQ(first.node_address, "10.0.0.1");
  EXPECT_EQ(first.node_meta, one.node_meta);
  EXPECT_EQ(first.address, "10.1.0.1");
  EXPECT_EQ(first.port, 80);
  EXPECT_EQ(first.weight, 7);
  EXPECT_TRUE(first.warning);
  EXPECT_EQ(first.tags, one.tags);
  EXPECT_EQ(found.instances.back().weight, 1);
}

TEST(FindingRecord, is_of_every_kind) {
  EXPECT_TRUE(decode_finding(encode_finding({.revision = 3, .what = {}}))->is_nothing());
  const auto node =
      decode_finding(encode_finding({.what = NodeFinding{"N1", "10.0.0.1", {{"a", "b"}}}}));
  EXPECT_EQ(std::get<NodeFinding>(node->what).node, "N1");
  EXPECT_EQ(std::get<NodeFinding>(node->what).address, "10.0.0.1");
  EXPECT_EQ(std::get<NodeFinding>(node->what).meta, (Meta{{"a", "b"}}));
  const auto owner = decode_finding(encode_finding({.what = OwnerFinding{"", "web"}}));
  EXPECT_EQ(std::get<OwnerFinding>(owner->what).service, "web");
  EXPECT_FALSE(decode_finding("\x01\x02").has_value());
}

}  // namespace
}  // namespace conclave::dns
