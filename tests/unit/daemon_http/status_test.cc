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

}  // namespace
}  // namespace conclave::daemon
