// Oracle: contract 15.2 (health, weights), 15.1 (PTR, prepared queries).

#include "daemon/dns/look.h"

#include <gtest/gtest.h>

#include "daemon/state/state_machine.h"
#include "daemon/store/memory_rows.h"

namespace conclave::daemon {
namespace {

using Kind = dns::Subject::Kind;

class Looking : public testing::Test {
 protected:
  Looking() { initialise_state(rows_); }

  void run(CommandBody body) {
    ChangeSet changes;
    const Command command{.body = std::move(body), .request_id = {}};
    EXPECT_EQ(apply(command, ApplyTime{}, rows_, changes).error, "");
  }
  void add(const std::string& node, const std::string& address, api::NodeService service,
           const std::string& status = "passing", const std::string& node_status = "passing") {
    Register command;
    command.node = {.node = node, .address = address, .datacenter = "dc1", .meta = {{"k", node}}};
    command.checks.push_back(
        {.node = node, .check_id = "host", .name = "host", .status = node_status});
    command.checks.push_back({.node = node,
                              .check_id = "own",
                              .name = "own",
                              .status = status,
                              .service_id = service.id});
    command.service = std::move(service);
    run(std::move(command));
  }
  dns::Finding look(Kind kind, const std::string& name) {
    return look_up(rows_, {kind, name}, "n1", rng_);
  }
  std::vector<dns::Instance> instances(Kind kind, const std::string& name) {
    const dns::Finding finding = look(kind, name);
    const auto* found = std::get_if<dns::ServiceFinding>(&finding.what);
    return found == nullptr ? std::vector<dns::Instance>() : found->instances;
  }

  MemoryRows rows_;
  Rng rng_{1};
};

api::NodeService web(std::int64_t port) {
  return {.id = "web", .service = "Web", .tags = {"v1"}, .port = port, .weights = {7, 3}};
}

TEST_F(Looking, finds_instances_that_are_not_critical) {
  add("n1", "10.0.0.1", web(80));
  add("n2", "10.0.0.2", web(81), "warning");
  add("n3", "10.0.0.3", web(82), "critical");
  add("n4", "10.0.0.4", web(83), "passing", "critical");
  add("n5", "10.0.0.5", web(84), "passing", "warning");
  const auto found = instances(Kind::service, "web");
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0].node, "n1");
  EXPECT_EQ(found[0].node_address, "10.0.0.1");
  EXPECT_EQ(found[0].node_meta, (dns::Meta{{"k", "n1"}}));
  EXPECT_EQ(found[0].tags, std::vector<std::string>{"v1"});
  EXPECT_EQ(found[0].port, 80);
  EXPECT_EQ(found[0].weight, 7);
  EXPECT_FALSE(found[0].warning);
  EXPECT_EQ(found[1].weight, 3);
  EXPECT_TRUE(found[1].warning);
  EXPECT_TRUE(found[2].warning);
  EXPECT_GT(look(Kind::service, "web").revision, 1u);
  EXPECT_TRUE(instances(Kind::service, "db").empty());
}

TEST_F(Looking, finds_nodes) {
  add("N1", "10.0.0.1", web(80));
  const dns::Finding finding = look(Kind::node, "n1");
  const auto& found = std::get<dns::NodeFinding>(finding.what);
  EXPECT_EQ(found.node, "N1");
  EXPECT_EQ(found.address, "10.0.0.1");
  EXPECT_EQ(found.meta.size(), 1u);
  EXPECT_TRUE(look(Kind::node, "n2").is_nothing());
}

TEST_F(Looking, finds_who_has_an_address) {
  api::NodeService service = web(80);
  service.address = "10.1.0.1";
  add("n1", "10.0.0.1", service);
  EXPECT_EQ(std::get<dns::OwnerFinding>(look(Kind::owner, "10.0.0.1").what).node, "n1");
  EXPECT_EQ(std::get<dns::OwnerFinding>(look(Kind::owner, "10.1.0.1").what).service, "Web");
  EXPECT_TRUE(look(Kind::owner, "10.2.0.1").is_nothing());
}

TEST_F(Looking, finds_what_a_prepared_query_finds) {
  add("n1", "10.0.0.1", web(80));
  add("n2", "10.0.0.2", web(81), "warning");
  WriteQuery command;
  command.query.id = "11111111-2222-3333-4444-555555555555";
  command.query.name = "Fast";
  command.query.service.service = "web";
  command.query.service.only_passing = true;
  command.query.service.near = "n1";
  command.query.dns.ttl = "5s";
  run(std::move(command));
  for (const char* name : {"fast", "11111111-2222-3333-4444-555555555555"}) {
    const dns::Finding finding = look(Kind::query, name);
    const auto& found = std::get<dns::ServiceFinding>(finding.what);
    ASSERT_EQ(found.instances.size(), 1u);
    EXPECT_EQ(found.instances[0].node, "n1");
    EXPECT_EQ(found.service, "web");
    EXPECT_EQ(found.ttl, "5s");
    EXPECT_TRUE(found.nearest_first);
  }
  EXPECT_TRUE(look(Kind::query, "slow").is_nothing());
}

}  // namespace
}  // namespace conclave::daemon
