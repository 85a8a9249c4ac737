#include "cli/commands/maint.h"

#include <fmt/format.h>

#include <map>
#include <ostream>

#include "api/model/catalog.h"
#include "cli/commands/client_flags.h"

namespace conclave::cli {
namespace {

constexpr std::string_view usage = R"(Usage: conclave maint [flags]

  Takes the agent's node, or one of its services, out of service for maintenance, and back. While
  it lasts a critical check stands for it, so nobody finds it in healthy answers; it survives
  restarts. Without flags: lists what is in maintenance, and why.

      $ conclave maint -enable -reason "new disk"
      $ conclave maint -enable -service web-1 -reason "deploying 2.4"
      $ conclave maint -disable -service web-1)";

constexpr std::string_view node_check = "_node_maintenance";
constexpr std::string_view service_check_prefix = "_service_maintenance:";

int complain(Terminal& terminal, std::string_view sentence) {
  terminal.err << sentence << "\n";
  return exit_failed;
}

/// The sentence for flags that contradict each other, "" when they do not.
std::string_view contradiction(const ParsedFlags& flags) {
  const bool enable = flags.is_on("enable");
  const bool disable = flags.is_on("disable");
  if (enable && disable) return "Only one of -enable or -disable may be provided";
  if (!enable && !flags.value("reason").value_or("").empty()) {
    return "Reason may only be provided with -enable";
  }
  if (!enable && !disable && !flags.value("service").value_or("").empty()) {
    return "Service requires either -enable or -disable";
  }
  return "";
}

int list(Terminal& terminal, const AgentClient& client, const std::string& node) {
  const auto checks = client.get<std::map<std::string, api::HealthCheck>>("/v1/agent/checks");
  if (!checks) return complain(terminal, "Error getting checks: " + checks.error().message);
  for (const auto& [id, check] : *checks) {
    if (id == node_check) {
      terminal.out << "Node:\n  Name:   " << node << "\n";
    } else if (id.starts_with(service_check_prefix)) {
      terminal.out << "Service:\n  ID:     " << check.service_id << "\n";
    } else {
      continue;
    }
    terminal.out << "  Reason: " << check.notes << "\n\n";
  }
  return exit_ok;
}

int change(Terminal& terminal, const AgentClient& client, const ParsedFlags& flags) {
  const bool enable = flags.is_on("enable");
  const std::string service = flags.value("service").value_or("");
  std::vector<AgentClient::Query> query = {{"enable", enable ? "true" : "false"}};
  if (enable) query.push_back({"reason", flags.value("reason").value_or("")});
  const std::string path = service.empty()
                               ? "/v1/agent/maintenance"
                               : "/v1/agent/service/maintenance/" + escape_path(service);
  const std::string_view what = service.empty() ? "node" : "service";
  const auto done = client.expect_ok("PUT", path, std::move(query));
  if (!done) {
    return complain(terminal,
                    fmt::format("Error {} {} maintenance: {}", enable ? "enabling" : "disabling",
                                what, done.error().message));
  }
  terminal.out << (service.empty() ? "Node" : "Service") << " maintenance is now "
               << (enable ? "enabled" : "disabled");
  if (!service.empty()) terminal.out << " for \"" << service << "\"";
  terminal.out << "\n";
  return exit_ok;
}

}  // namespace

int run_maint(Terminal& terminal, const Arguments& arguments) {
  auto command =
      begin_client_command(terminal, usage,
                           {{"enable", true, "begin maintenance"},
                            {"disable", true, "end maintenance"},
                            {"reason", false, "why, for those who look; with -enable"},
                            {"service", false, "ID of one service, instead of the whole node"}},
                           arguments);
  if (command.exit_code) return *command.exit_code;
  const std::string_view wrong = contradiction(*command.flags);
  if (!wrong.empty()) return complain(terminal, wrong);
  const auto node = command.client->node_name();
  if (!node) return complain(terminal, "Error querying Consul agent: " + node.error().message);
  const bool changing = command.flags->is_on("enable") || command.flags->is_on("disable");
  if (changing) return change(terminal, *command.client, *command.flags);
  return list(terminal, *command.client, *node);
}

}  // namespace conclave::cli
