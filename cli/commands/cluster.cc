#include "cli/commands/cluster.h"

#include <fmt/format.h>

#include <ostream>

#include "cli/commands/client_flags.h"

namespace conclave::cli {
namespace {

constexpr std::string_view join_usage = R"(Usage: conclave join [flags] ADDRESS...

  Makes the agent join the cluster that the servers at these addresses belong to. One that answers
  is enough. A server that has its own data of another cluster is refused.

      $ conclave join 10.0.0.11 10.0.0.12:8301)";

constexpr std::string_view force_leave_usage = R"(Usage: conclave force-leave [flags] NODE

  Makes a member that failed count as left, so that nobody waits for it to come back; a server
  also leaves the quorum. One that is alive will join again by itself.

      $ conclave force-leave -prune host-7)";

}  // namespace

int run_join(Terminal& terminal, const Arguments& arguments) {
  auto command = begin_client_command(
      terminal, join_usage, {{"wan", true, "accepted; there is one datacenter only"}}, arguments);
  if (command.exit_code) return *command.exit_code;
  const auto& addresses = command.flags->positionals();
  if (addresses.empty()) {
    terminal.err << "At least one address to join must be specified.\n\n" << join_usage << "\n";
    return exit_failed;
  }
  std::size_t joined = 0;
  for (const std::string& address : addresses) {
    std::vector<AgentClient::Query> query;
    if (command.flags->is_on("wan")) query.push_back({"wan", "1"});
    auto body = command.client->expect_ok("PUT", "/v1/agent/join/" + escape_path(address),
                                          std::move(query));
    if (body) {
      ++joined;
    } else {
      terminal.err << fmt::format("Error joining address '{}': {}\n", address,
                                  body.error().message);
    }
  }
  if (joined == 0) {
    terminal.err << "Failed to join any nodes.\n";
    return exit_failed;
  }
  terminal.out << fmt::format("Successfully joined cluster by contacting {} nodes.\n", joined);
  return exit_ok;
}

int run_force_leave(Terminal& terminal, const Arguments& arguments) {
  auto command = begin_client_command(terminal, force_leave_usage,
                                      {{"prune", true, "remove the node from the list of members"},
                                       {"wan", true, "accepted; there is one datacenter only"}},
                                      arguments);
  if (command.exit_code) return *command.exit_code;
  const auto& names = command.flags->positionals();
  if (names.size() != 1) {
    terminal.err << "A single node name must be specified to force leave.\n\n"
                 << force_leave_usage << "\n";
    return exit_failed;
  }
  std::vector<AgentClient::Query> query;
  if (command.flags->is_on("prune")) query.push_back({"prune", "1"});
  if (command.flags->is_on("wan")) query.push_back({"wan", "1"});
  auto body = command.client->expect_ok("PUT", "/v1/agent/force-leave/" + escape_path(names[0]),
                                        std::move(query));
  if (!body) {
    terminal.err << "Error force leaving: " << body.error().message << "\n";
    return exit_failed;
  }
  return exit_ok;
}

}  // namespace conclave::cli
