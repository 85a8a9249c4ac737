#include <fmt/format.h>

#include <algorithm>
#include <ostream>
#include <tuple>

#include "api/codec/reader.h"
#include "cli/commands/client_flags.h"
#include "cli/commands/columns.h"
#include "cli/commands/operator.h"

namespace conclave::cli {
namespace {

constexpr std::string_view list_peers_usage = R"(Usage: conclave operator raft list-peers [flags]

  Lists the servers of the quorum: who leads, who votes, and how far each is behind the leader.
  While there is no leader, -stale shows what the asked server knows.

      $ conclave operator raft list-peers -stale)";

constexpr std::string_view remove_peer_usage = R"(Usage: conclave operator raft remove-peer [flags]

  Takes a server out of the quorum, by its ID or its address. For servers that are gone for good
  and that force-leave does not reach; one that still runs is to `leave` instead.

      $ conclave operator raft remove-peer -id=40e4a748-2192-161a-0510-9bf59fe950b5)";

constexpr std::string_view transfer_usage = R"(Usage: conclave operator raft transfer-leader [flags]

  Hands leadership to another server, for example before the leader's host is restarted. Writes
  pause for about a round trip.)";

struct RaftServer {
  std::string id;
  std::string node;
  std::string address;
  bool leader = false;
  std::string protocol_version;
  bool voter = false;
  std::uint64_t last_index = 0;

  static constexpr auto fields() {
    using api::field;
    using S = RaftServer;
    return std::tuple{field(0, "ID", &S::id),
                      field(0, "Node", &S::node),
                      field(0, "Address", &S::address),
                      field(0, "Leader", &S::leader),
                      field(0, "ProtocolVersion", &S::protocol_version),
                      field(0, "Voter", &S::voter),
                      field(0, "LastIndex", &S::last_index)};
  }
};

struct RaftConfiguration {
  std::vector<RaftServer> servers;
  static constexpr auto fields() {
    return std::tuple{api::field(0, "Servers", &RaftConfiguration::servers)};
  }
};

std::vector<std::string> row_of(const RaftServer& server, std::uint64_t leader_index) {
  const std::uint64_t behind =
      leader_index > server.last_index ? leader_index - server.last_index : 0;
  return {server.node,
          server.id,
          server.address,
          server.leader ? "leader" : "follower",
          server.voter ? "true" : "false",
          server.protocol_version,
          std::to_string(server.last_index),
          server.leader ? "_" : fmt::format("{} Commits", behind)};
}

}  // namespace

int run_operator_raft_list_peers(Terminal& terminal, const Arguments& arguments) {
  auto command = begin_client_command(
      terminal, list_peers_usage, {{"detailed", true, "accepted; everything is shown"}}, arguments);
  if (command.exit_code) return *command.exit_code;
  auto body = command.client->expect_ok("GET", "/v1/operator/raft/configuration");
  auto raft = body ? api::decode_body<RaftConfiguration>(*body)
                   : Result<RaftConfiguration>(std::unexpected(body.error()));
  if (!raft) {
    terminal.err << "Error getting peers: Failed to retrieve raft configuration: "
                 << raft.error().message << "\n";
    return exit_failed;
  }
  const auto leader = std::ranges::find(raft->servers, true, &RaftServer::leader);
  const std::uint64_t leader_index = leader == raft->servers.end() ? 0 : leader->last_index;
  std::vector<std::vector<std::string>> rows = {{"Node", "ID", "Address", "State", "Voter",
                                                 "RaftProtocol", "Commit Index",
                                                 "Trails Leader By"}};
  for (const RaftServer& server : raft->servers) rows.push_back(row_of(server, leader_index));
  terminal.out << align_columns(rows);
  return exit_ok;
}

int run_operator_raft_remove_peer(Terminal& terminal, const Arguments& arguments) {
  auto command = begin_client_command(terminal, remove_peer_usage,
                                      {{"id", false, "id of the server to remove"},
                                       {"address", false, "\"ip:port\" of the server to remove"}},
                                      arguments);
  if (command.exit_code) return *command.exit_code;
  const std::string id = command.flags->value("id").value_or("");
  const std::string address = command.flags->value("address").value_or("");
  if (id.empty() == address.empty()) {
    terminal.err << "Error removing peer: "
                 << (id.empty() ? "an address or id is required for the peer to remove"
                                : "cannot give both an address and id")
                 << "\n";
    return exit_failed;
  }
  const std::string name = id.empty() ? "address" : "id";
  const std::string& value = id.empty() ? address : id;
  auto body = command.client->expect_ok("DELETE", "/v1/operator/raft/peer", {{name, value}});
  if (!body) {
    terminal.err << "Error removing peer: " << body.error().message << "\n";
    return exit_failed;
  }
  terminal.out << fmt::format("Removed peer with {} \"{}\"\n", name, value);
  return exit_ok;
}

int run_operator_raft_transfer_leader(Terminal& terminal, const Arguments& arguments) {
  auto command = begin_client_command(
      terminal, transfer_usage,
      {{"id", false, "id of the server that is to lead [whoever has most of the log]"}}, arguments);
  if (command.exit_code) return *command.exit_code;
  std::vector<AgentClient::Query> query;
  if (const auto id = command.flags->value("id")) query.push_back({"id", *id});
  auto body = command.client->expect_ok("POST", "/v1/operator/raft/transfer-leader", query);
  if (!body) {
    terminal.err << "Error transferring leadership: " << body.error().message << "\n";
    return exit_failed;
  }
  terminal.out << "Success\n";
  return exit_ok;
}

}  // namespace conclave::cli
