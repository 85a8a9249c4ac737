#include "cli/commands/members.h"

#include <re2/re2.h>

#include <algorithm>
#include <ostream>

#include "api/model/agent_member.h"
#include "cli/commands/client_flags.h"
#include "cli/commands/columns.h"

namespace conclave::cli {
namespace {

using api::AgentMember;

constexpr std::string_view usage = R"(Usage: conclave members [flags]

  Lists the members of the cluster, servers first, with their address and what is known of their
  state: alive, leaving, left or failed. Exits with 2 when no member matches.

      $ conclave members -status='failed|left')";

std::string tag(const AgentMember& member, const std::string& name) {
  const auto at = member.tags.find(name);
  return at == member.tags.end() ? "" : at->second;
}

bool is_server(const AgentMember& member) { return tag(member, "role") == "consul"; }

std::string_view status_text(const AgentMember& member) {
  return api::status_text(static_cast<api::MemberStatus>(member.status));
}

std::string address_text(const AgentMember& member) {
  const bool v6 = member.address.contains(':');
  return (v6 ? "[" + member.address + "]" : member.address) + ":" + std::to_string(member.port);
}

std::vector<std::string> standard_row(const AgentMember& member) {
  const std::string build = tag(member, "build");
  const std::string segment = tag(member, "segment");
  const bool server = is_server(member);
  return {member.name,
          address_text(member),
          std::string(status_text(member)),
          server ? "server" : "client",
          build.empty() ? "< 0.3" : build.substr(0, build.find(':')),
          tag(member, "vsn"),
          tag(member, "dc"),
          "default",
          server ? "<all>" : (segment.empty() ? "<default>" : segment)};
}

std::vector<std::string> detailed_row(const AgentMember& member) {
  std::string tags;
  for (const auto& [name, value] : member.tags)
    tags += (tags.empty() ? "" : ",") + name + "=" + value;
  return {member.name, address_text(member), std::string(status_text(member)), tags};
}

}  // namespace

int run_members(Terminal& terminal, const Arguments& arguments) {
  auto command = begin_client_command(terminal, usage,
                                      {{"detailed", true, "show all tags"},
                                       {"status", false, "regular expression of statuses [.*]"},
                                       {"wan", true, "servers of all datacenters"},
                                       {"segment", false, "accepted; there are no segments"}},
                                      arguments);
  if (command.exit_code) return *command.exit_code;
  const std::string pattern = command.flags->value("status").value_or(".*");
  const RE2 status(pattern, RE2::Quiet);
  if (!status.ok()) {
    terminal.err << "Failed to compile status regexp: " << status.error() << "\n";
    return exit_failed;
  }
  std::vector<AgentClient::Query> query = {{"segment", "_all"}};
  if (command.flags->is_on("wan")) query.push_back({"wan", "1"});
  auto body = command.client->expect_ok("GET", "/v1/agent/members", std::move(query));
  auto members = body ? decode_answer<std::vector<AgentMember>>(*body)
                      : Result<std::vector<AgentMember>>(std::unexpected(body.error()));
  if (!members) {
    terminal.err << "Error retrieving members: " << members.error().message << "\n";
    return exit_failed;
  }
  std::erase_if(*members, [&](const AgentMember& member) {
    return !RE2::PartialMatch(status_text(member), status);
  });
  if (members->empty()) return exit_nothing_matched;
  std::ranges::sort(*members, [](const AgentMember& a, const AgentMember& b) {
    return std::tuple(!is_server(a), a.name) < std::tuple(!is_server(b), b.name);
  });
  const bool detailed = command.flags->is_on("detailed");
  std::vector<std::vector<std::string>> rows;
  rows.push_back(detailed ? std::vector<std::string>{"Node", "Address", "Status", "Tags"}
                          : std::vector<std::string>{"Node", "Address", "Status", "Type", "Build",
                                                     "Protocol", "DC", "Partition", "Segment"});
  for (const AgentMember& member : *members) {
    rows.push_back(detailed ? detailed_row(member) : standard_row(member));
  }
  terminal.out << align_columns(rows);
  return exit_ok;
}

}  // namespace conclave::cli
