// Oracle: contract section 17: operator, join, force-leave.

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <sstream>

#include "cli/commands/command.h"

namespace conclave::cli {
namespace {

/// A command line whose agent gives prepared answers in order and keeps what it was asked.
class OperatorShell : public testing::Test {
 protected:
  int run(const Arguments& arguments) {
    out_.str("");
    err_.str("");
    asked_.clear();
    Terminal terminal{in_, out_, err_,
                      [](std::string_view) -> std::optional<std::string> { return std::nullopt; },
                      [this](const api::ClientRequest& request) -> Result<api::ClientResponse> {
                        asked_.push_back(request);
                        api::ClientResponse next = answers_.front();
                        if (answers_.size() > 1) answers_.pop_front();
                        return next;
                      }};
    return dispatch(client_commands(), "conclave", terminal, arguments);
  }
  void answer(int status, std::string body) {
    answers_.clear();
    add_answer(status, std::move(body));
  }
  void add_answer(int status, std::string body) {
    api::ClientResponse response;
    response.status = status;
    response.body = std::move(body);
    answers_.push_back(std::move(response));
  }
  std::string url(std::size_t n = 0) const { return asked_[n].method + " " + asked_[n].url; }
  std::string out() const { return out_.str(); }
  std::string err() const { return err_.str(); }

  std::deque<api::ClientResponse> answers_;
  std::vector<api::ClientRequest> asked_;
  std::istringstream in_;
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(OperatorShell, list_peers_shows_who_trails) {
  answer(200, R"({"Servers":[
      {"ID":"id-1","Node":"n1","Address":"10.0.0.1:8300","Leader":true,"ProtocolVersion":"3",
       "Voter":true,"LastIndex":17},
      {"ID":"id-2","Node":"n2","Address":"10.0.0.2:8300","Leader":false,"ProtocolVersion":"3",
       "Voter":false,"LastIndex":15}],"Index":3})");
  EXPECT_EQ(run({"operator", "raft", "list-peers"}), 0);
  EXPECT_EQ(out(),
            "Node  ID    Address        State     Voter  RaftProtocol  Commit Index  Trails Leader "
            "By\n"
            "n1    id-1  10.0.0.1:8300  leader    true   3             17            _\n"
            "n2    id-2  10.0.0.2:8300  follower  false  3             15            2 Commits\n");
  EXPECT_TRUE(url().ends_with("/v1/operator/raft/configuration"));
  answer(500, "No cluster leader");
  EXPECT_EQ(run({"operator", "raft", "list-peers"}), 1);
  EXPECT_TRUE(err().contains("No cluster leader"));
}

TEST_F(OperatorShell, remove_peer_takes_one_name_for_it) {
  answer(200, "");
  EXPECT_EQ(run({"operator", "raft", "remove-peer", "-id=abc"}), 0);
  EXPECT_EQ(out(), "Removed peer with id \"abc\"\n");
  EXPECT_TRUE(url().starts_with("DELETE ") && url().contains("id=abc"));
  EXPECT_EQ(run({"operator", "raft", "remove-peer", "-address", "10.0.0.1:8300"}), 0);
  EXPECT_EQ(out(), "Removed peer with address \"10.0.0.1:8300\"\n");
  EXPECT_EQ(run({"operator", "raft", "remove-peer"}), 1);
  EXPECT_TRUE(err().contains("an address or id is required"));
  EXPECT_EQ(run({"operator", "raft", "remove-peer", "-id=a", "-address=b"}), 1);
}

TEST_F(OperatorShell, transfer_leader) {
  answer(200, R"({"Success":true})");
  EXPECT_EQ(run({"operator", "raft", "transfer-leader", "-id", "abc"}), 0);
  EXPECT_EQ(out(), "Success\n");
  EXPECT_TRUE(url().starts_with("POST ") && url().contains("id=abc"));
}

constexpr const char* config =
    R"({"CleanupDeadServers":true,"LastContactThreshold":"200ms","MaxTrailingLogs":250,
        "MinQuorum":0,"ServerStabilizationTime":"10s","RedundancyZoneTag":"",
        "DisableUpgradeMigration":false,"UpgradeVersionTag":"","CreateIndex":4,"ModifyIndex":9})";

TEST_F(OperatorShell, autopilot_configuration_is_shown_and_set) {
  answer(200, config);
  EXPECT_EQ(run({"operator", "autopilot", "get-config"}), 0);
  EXPECT_EQ(out(),
            "CleanupDeadServers = true\nLastContactThreshold = 200ms\nMaxTrailingLogs = 250\n"
            "MinQuorum = 0\nServerStabilizationTime = 10s\nRedundancyZoneTag = \"\"\n"
            "DisableUpgradeMigration = false\nUpgradeMigrationTag = \"\"\n");
  add_answer(200, "true");
  EXPECT_EQ(run({"operator", "autopilot", "set-config", "-cleanup-dead-servers=false",
                 "-max-trailing-logs=7", "-last-contact-threshold=1s"}),
            0);
  EXPECT_EQ(out(), "Configuration updated!\n");
  EXPECT_TRUE(url(1).starts_with("PUT ") && url(1).contains("cas=9"));
  EXPECT_TRUE(asked_[1].body.starts_with(
      R"({"CleanupDeadServers":false,"LastContactThreshold":"1s","MaxTrailingLogs":7,)"));
  answer(200, config);
  add_answer(200, "false");
  EXPECT_EQ(run({"operator", "autopilot", "set-config", "-min-quorum=3"}), 1);
  answer(200, config);
  EXPECT_EQ(run({"operator", "autopilot", "set-config", "-min-quorum=many"}), 1);
  EXPECT_TRUE(err().contains("-min-quorum"));
}

TEST_F(OperatorShell, autopilot_state) {
  answer(200, R"({"Healthy":true,"FailureTolerance":1,"OptimisticFailureTolerance":1,"Servers":
      {"id-1":{"ID":"id-1","Name":"n1","Address":"10.0.0.1:8300","NodeStatus":"alive",
       "Version":"1.20.0","LastContact":"0s","LastTerm":2,"LastIndex":7,"Healthy":true,
       "Status":"leader","NodeType":"voter"}},"Leader":"id-1","Voters":["id-1"],
       "ReadReplicas":null})");
  EXPECT_EQ(run({"operator", "autopilot", "state"}), 0);
  EXPECT_TRUE(
      out().starts_with("Healthy:                      true\n"
                        "Failure Tolerance:            1\n"));
  EXPECT_TRUE(out().contains("Voters:\n   id-1\nServers:\n   id-1\n      Name:            n1\n"));
  EXPECT_EQ(run({"operator", "autopilot", "state", "-format=json"}), 0);
  EXPECT_TRUE(out().contains("    \"FailureTolerance\": 1,\n"));
  EXPECT_EQ(run({"operator", "autopilot", "state", "-format=xml"}), 1);
}

TEST_F(OperatorShell, keyring_shows_how_many_have_which_key) {
  answer(200, R"([{"WAN":true,"Datacenter":"dc1","Segment":"","Messages":{},"Keys":{"a==":2},
      "PrimaryKeys":{"a==":2},"NumNodes":2},{"WAN":false,"Datacenter":"dc1","Segment":"",
      "Messages":{"n2":"no route"},"Keys":{"a==":2,"b==":1},"PrimaryKeys":{"a==":2},
      "NumNodes":2}])");
  EXPECT_EQ(run({"keyring", "-list"}), 0);
  EXPECT_EQ(out(),
            "==> Gathering installed encryption keys...\n\nWAN:\n  a== [2/2]\n\ndc1 (LAN):\n"
            "  ===> n2: no route\n  a== [2/2]\n  b== [1/2]\n");
  EXPECT_TRUE(url().starts_with("GET ") && url().ends_with("/v1/operator/keyring"));
  EXPECT_EQ(run({"keyring", "-list-primary"}), 0);
  EXPECT_FALSE(out().contains("b=="));
}

TEST_F(OperatorShell, keyring_installs_uses_and_removes_a_key) {
  answer(200, "");
  const std::map<std::string, std::pair<std::string, std::string>> actions = {
      {"install", {"POST", "==> Installing new gossip encryption key...\n"}},
      {"use", {"PUT", "==> Changing primary gossip encryption key...\n"}},
      {"remove", {"DELETE", "==> Removing gossip encryption key...\n"}}};
  for (const auto& [flag, expected] : actions) {
    EXPECT_EQ(run({"keyring", "-" + flag, "a=="}), 0);
    EXPECT_EQ(out(), expected.second);
    EXPECT_TRUE(url().starts_with(expected.first + " "));
    EXPECT_EQ(asked_[0].body, R"({"Key":"a=="})");
  }
  EXPECT_EQ(run({"keyring"}), 1);
  EXPECT_EQ(run({"keyring", "-list", "-use=a=="}), 1);
  EXPECT_EQ(err(), "Only a single action is allowed\n");
  answer(500, "keyring is empty (encryption not enabled)");
  EXPECT_EQ(run({"keyring", "-list"}), 1);
  EXPECT_EQ(err(),
            "error: Unexpected response code: 500 (keyring is empty (encryption not enabled))\n");
}

// Oracle: the distance of Consul's network coordinates: vectors and heights, then adjustments.
TEST_F(OperatorShell, rtt_is_estimated_from_coordinates) {
  const std::string lan = R"([
      {"Node":"n1","Segment":"","Coord":{"Vec":[0,0,0,0,0,0,0,0],"Height":0.001,"Adjustment":0}},
      {"Node":"n2","Segment":"","Coord":{"Vec":[0.003,0.004,0,0,0,0,0,0],"Height":0.001,
       "Adjustment":0.0005}}])";
  answer(200, lan);
  EXPECT_EQ(run({"rtt", "n1", "n2"}), 0);
  EXPECT_EQ(out(), "Estimated n1 <-> n2 rtt: 7.500 ms (using LAN coordinates)\n");
  answer(200, R"({"Config":{"NodeName":"n2","Datacenter":"dc1"}})");
  add_answer(200, lan);
  EXPECT_EQ(run({"rtt", "n1"}), 0);
  EXPECT_EQ(out(), "Estimated n1 <-> n2 rtt: 7.500 ms (using LAN coordinates)\n");
  answer(200, lan);
  EXPECT_EQ(run({"rtt", "n1", "n9"}), 1);
  EXPECT_EQ(err(), "Could not find a coordinate for node \"n9\"\n");
  EXPECT_EQ(run({"rtt"}), 1);
  EXPECT_EQ(err(), "One or two node names must be specified\n");
  answer(200, R"([{"Datacenter":"dc1","AreaID":"WAN","Coordinates":[
      {"Node":"n1.dc1","Coord":{"Vec":[0,0,0,0,0,0,0,0],"Height":0.001}}]}])");
  EXPECT_EQ(run({"rtt", "-wan", "n1.dc1", "n1.dc1"}), 0);
  EXPECT_EQ(out(), "Estimated n1.dc1 <-> n1.dc1 rtt: 2.000 ms (using WAN coordinates)\n");
}

TEST_F(OperatorShell, join_counts_whom_it_reached) {
  answer(200, "");
  EXPECT_EQ(run({"join", "10.0.0.1", "[::1]:8301"}), 0);
  EXPECT_EQ(out(), "Successfully joined cluster by contacting 2 nodes.\n");
  EXPECT_TRUE(url(0).contains("/v1/agent/join/10.0.0.1"));
  answer(500, "Error joining 10.0.0.1:8301: connection refused");
  EXPECT_EQ(run({"join", "10.0.0.1"}), 1);
  EXPECT_TRUE(err().contains("Error joining address '10.0.0.1'"));
  EXPECT_TRUE(err().contains("Failed to join any nodes."));
  EXPECT_EQ(run({"join"}), 1);
}

TEST_F(OperatorShell, force_leave_says_nothing_when_it_is_done) {
  answer(200, "");
  EXPECT_EQ(run({"force-leave", "-prune", "n2"}), 0);
  EXPECT_EQ(out(), "");
  EXPECT_TRUE(url().contains("/v1/agent/force-leave/n2") && url().contains("prune=1"));
  EXPECT_EQ(run({"force-leave"}), 1);
  answer(500, "agent: No node found with name 'n2'");
  EXPECT_EQ(run({"force-leave", "n2"}), 1);
  EXPECT_TRUE(err().contains("No node found"));
}

TEST_F(OperatorShell, groups_of_commands_show_what_is_in_them) {
  EXPECT_EQ(run({"operator"}), 1);
  EXPECT_TRUE(err().contains("operator raft list-peers"));
  EXPECT_EQ(run({"operator", "raft"}), 1);
  EXPECT_TRUE(err().contains("operator raft remove-peer"));
  EXPECT_FALSE(err().contains("autopilot"));
  EXPECT_EQ(run({"operator", "raft", "-h"}), 0);
  EXPECT_TRUE(out().contains("operator raft transfer-leader"));
  EXPECT_EQ(run({"operator", "raft", "nothing"}), 1);
}

}  // namespace
}  // namespace conclave::cli
