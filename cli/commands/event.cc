#include "cli/commands/event.h"

#include <re2/re2.h>

#include <ostream>
#include <tuple>

#include "api/model/event.h"
#include "cli/commands/client_flags.h"

namespace conclave::cli {
namespace {

constexpr std::string_view usage = R"(Usage: conclave event -name=NAME [flags] [PAYLOAD]

  Fires a user event: a name and a few bytes for whoever watches it (`conclave watch -type=event`).
  The cluster keeps the last 256. With -node, -service and -tag it is for the matching agents only.
  The whole event may have 512 bytes: put what is larger into a key.

      $ conclave event -name=deploy 2.4.1
      $ conclave event -name=restart -service=web -tag=canary)";

int complain(Terminal& terminal, std::string_view sentence) {
  terminal.err << sentence << "\n";
  return exit_failed;
}

/// The sentence for what is missing or cannot be compiled, "" when all is well.
std::string trouble(const ParsedFlags& flags) {
  if (flags.value("name").value_or("").empty()) return "Event name must be specified";
  for (const char* name : {"node", "service", "tag"}) {
    const RE2 pattern(flags.value(name).value_or(""), RE2::Quiet);
    if (!pattern.ok()) {
      return "Failed to compile " + std::string(name) + " filter regexp: " + pattern.error();
    }
  }
  const bool tag = !flags.value("tag").value_or("").empty();
  if (tag && flags.value("service").value_or("").empty()) {
    return "Cannot provide tag filter without service filter.";
  }
  if (flags.positionals().size() > 1) return "Too many command line arguments.";
  return "";
}

}  // namespace

int run_event(Terminal& terminal, const Arguments& arguments) {
  auto command = begin_client_command(
      terminal, usage,
      {{"name", false, "name of the event"},
       {"node", false, "regular expression of the node names that it is for [all]"},
       {"service", false, "regular expression of service names: for agents that run one of them"},
       {"tag", false, "regular expression of tags, with -service"}},
      arguments);
  if (command.exit_code) return *command.exit_code;
  const ParsedFlags& flags = *command.flags;
  const std::string wrong = trouble(flags);
  if (!wrong.empty()) return complain(terminal, wrong);
  const auto node = command.client->node_name();
  if (!node) return complain(terminal, "Error querying Consul agent: " + node.error().message);
  std::vector<AgentClient::Query> query;
  for (const char* name : {"node", "service", "tag"}) {
    const std::string expression = flags.value(name).value_or("");
    if (!expression.empty()) query.push_back({name, expression});
  }
  const std::string payload = flags.positionals().empty() ? "" : flags.positionals().front();
  const auto body = command.client->expect_ok(
      "PUT", "/v1/event/fire/" + escape_path(*flags.value("name")), std::move(query), payload);
  const auto event = body ? api::decode_body<api::UserEvent>(*body)
                          : Result<api::UserEvent>(std::unexpected(body.error()));
  if (!event) return complain(terminal, "Error firing event: " + event.error().message);
  terminal.out << "Event ID: " << event->id << "\n";
  return exit_ok;
}

}  // namespace conclave::cli
