// Oracle: contract section 12 (status, operator).
#include "tests/unit/daemon_http/server_fixture.h"

namespace conclave::daemon {
namespace {

using StatusTest = ServerTest;

TEST_F(StatusTest, leader_is_an_address_or_an_empty_string) {
  const Answer answer = get("/v1/status/leader");
  EXPECT_EQ(refusal(answer), "200 \"10.0.0.1:8300\"");
  EXPECT_EQ(answer.header("X-Consul-Index"), "");
  replica_.refuse = Error{ErrorCode::no_leader, "No cluster leader"};
  EXPECT_EQ(refusal(get("/v1/status/leader?stale")), "200 \"\"");
}

TEST_F(StatusTest, peers_are_addresses) {
  EXPECT_EQ(refusal(get("/v1/status/peers")), R"(200 ["10.0.0.1:8300","10.0.0.2:8300"])");
}

TEST_F(StatusTest, another_datacenter_is_a_500) {
  for (const char* target : {"status/leader", "status/peers", "operator/raft/configuration"}) {
    EXPECT_EQ(refusal(get(std::string("/v1/") + target + "?dc=x")), "500 No path to datacenter");
  }
}

// Oracle of the following: contract 12 (usage), 1.1 (roots), and the official Go client's
// TestAPI_OperatorUsage and the test server's wait for a root.
TEST_F(StatusTest, usage_counts_what_the_catalog_holds) {
  register_service("n1", "w1", "web");
  register_service("n2", "w2", "Web");
  register_service("n2", "p", "web-proxy", R"(,"Kind":"connect-proxy")");
  register_service("n1", "consul", "consul");
  const Answer answer = get("/v1/operator/usage");
  EXPECT_TRUE(answer.body.starts_with(
      R"({"Usage":{"dc1":{"Nodes":2,"Services":3,"ServiceInstances":4,"ConnectServiceInstances":)"
      R"({"api-gateway":0,"connect-native":0,"connect-proxy":1,"ingress-gateway":0,)"
      R"("mesh-gateway":0,"terminating-gateway":0},"BillableServiceInstances":2}},"Index":)"))
      << answer.body;
  EXPECT_NE(answer.body.find(R"("KnownLeader":true,"ConsistencyLevel":"leader")"),
            std::string::npos);
  EXPECT_EQ(refusal(get("/v1/operator/usage?dc=dc9")), "500 No path to datacenter");
}

TEST_F(StatusTest, there_is_one_root_from_the_first_time_it_is_asked_for) {
  const Answer first = get("/v1/agent/connect/ca/roots");
  EXPECT_EQ(first.status, 200);
  EXPECT_TRUE(first.body.starts_with(R"({"ActiveRootID":")"));
  EXPECT_NE(first.body.find(R"("RootCert":"-----BEGIN CERTIFICATE-----\n)"), std::string::npos);
  EXPECT_NE(first.body.find(R"("Active":true,"PrivateKeyType":"ec","PrivateKeyBits":256)"),
            std::string::npos);
  const std::uint64_t revision = stored_revision(rows_);
  EXPECT_EQ(first.index(), revision);
  EXPECT_EQ(get("/v1/connect/ca/roots").body, first.body);
  const Answer pem = get("/v1/connect/ca/roots?pem=true");
  EXPECT_TRUE(pem.body.starts_with("-----BEGIN CERTIFICATE-----\n"));
  EXPECT_EQ(pem.content_type, "application/pem-certificate-chain");
  EXPECT_EQ(stored_revision(rows_), revision);
  replica_.apply_now(SetCaRoot{{.id = "another"}});
  EXPECT_EQ(get("/v1/connect/ca/roots").body, first.body) << "the first one stays";
}

// Oracle: contract 14.1.
TEST_F(StatusTest, without_access_control_its_endpoints_say_so) {
  const std::string text = "401 ACL support disabled";
  EXPECT_EQ(refusal(get("/v1/acl/tokens")), text);
  EXPECT_EQ(refusal(get("/v1/acl/token/self")), text);
  EXPECT_EQ(refusal(put("/v1/acl/bootstrap")), text);
  EXPECT_EQ(refusal(put("/v1/acl/token/x/clone")), text);
  EXPECT_EQ(refusal(del("/v1/acl/policy/x")), text);
  EXPECT_EQ(put("/v1/acl/tokens").status, 405);
}

}  // namespace
}  // namespace conclave::daemon
