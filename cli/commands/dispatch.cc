#include <fmt/format.h>

#include <algorithm>
#include <ostream>

#include "cli/commands/agent_control.h"
#include "cli/commands/catalog.h"
#include "cli/commands/cluster.h"
#include "cli/commands/command.h"
#include "cli/commands/event.h"
#include "cli/commands/keygen.h"
#include "cli/commands/keyring.h"
#include "cli/commands/kv.h"
#include "cli/commands/lock.h"
#include "cli/commands/maint.h"
#include "cli/commands/members.h"
#include "cli/commands/monitor.h"
#include "cli/commands/operator.h"
#include "cli/commands/rtt.h"
#include "cli/commands/services.h"
#include "cli/commands/snapshot.h"
#include "cli/commands/watch.h"

namespace conclave::cli {
namespace {

constexpr Command commands_of_this_folder[] = {
    {"catalog datacenters", "List the datacenters", run_catalog_datacenters},
    {"catalog nodes", "List the nodes of the catalog", run_catalog_nodes},
    {"catalog services", "List the services of the catalog", run_catalog_services},
    {"event", "Fire a user event", run_event},
    {"force-leave", "Make a member that failed leave", run_force_leave},
    {"info", "Show what the agent counts about itself", run_info},
    {"join", "Make the agent join a cluster", run_join},
    {"keygen", "Make a key for encrypt", run_keygen},
    {"keyring", "Show and change the cluster's keys", run_keyring},
    {"kv delete", "Remove a key, or everything below a prefix", run_kv_delete},
    {"kv export", "Write keys and values as JSON", run_kv_export},
    {"kv get", "Show a key, or everything below a prefix", run_kv_get},
    {"kv import", "Read keys and values from JSON", run_kv_import},
    {"kv put", "Write a key", run_kv_put},
    {"leave", "Leave the cluster and stop the agent", run_leave},
    {"lock", "Run a command while holding a lock", run_lock},
    {"maint", "Put the node or a service into maintenance", run_maint},
    {"members", "List the members of the cluster", run_members},
    {"monitor", "Show the agent's log as it is written", run_monitor},
    {"operator autopilot get-config", "Show autopilot's configuration",
     run_operator_autopilot_get_config},
    {"operator autopilot set-config", "Change autopilot's configuration",
     run_operator_autopilot_set_config},
    {"operator autopilot state", "Show what autopilot knows of the servers",
     run_operator_autopilot_state},
    {"operator raft list-peers", "List the servers of the quorum", run_operator_raft_list_peers},
    {"operator raft remove-peer", "Remove a server from the quorum", run_operator_raft_remove_peer},
    {"operator raft transfer-leader", "Hand leadership to another server",
     run_operator_raft_transfer_leader},
    {"reload", "Make the agent read its configuration again", run_reload},
    {"rtt", "Estimate the round trip time between two nodes", run_rtt},
    {"services deregister", "Remove services from the agent", run_services_deregister},
    {"services register", "Register services with the agent", run_services_register},
    {"snapshot restore", "Put a saved state in the place of the present one", run_snapshot_restore},
    {"snapshot save", "Save the state of the servers to a file", run_snapshot_save},
    {"version", "Print the version", run_version},
    {"watch", "Watch for changes, and run a command on each", run_watch},
};

void print_overview(std::ostream& out, std::span<const Command> commands, std::string_view program,
                    std::string_view group) {
  out << "Usage: " << program << (group.empty() ? "" : " ") << group
      << " [--version] [--help] <command> [<args>]\n\nAvailable commands are:\n";
  std::size_t width = 0;
  for (const Command& command : commands) width = std::max(width, command.name.size());
  for (const Command& command : commands) {
    if (!command.name.starts_with(group)) continue;
    out << fmt::format("    {:<{}}  {}\n", command.name, width, command.summary);
  }
}

bool is_help(std::string_view word) {
  return word == "-h" || word == "-help" || word == "--help" || word == "help";
}

bool is_version(std::string_view word) {
  return word == "-v" || word == "-version" || word == "--version";
}

const Command* find_command(std::span<const Command> commands, std::string_view name) {
  const auto at = std::ranges::find(commands, name, &Command::name);
  return at == commands.end() ? nullptr : &*at;
}

}  // namespace

std::span<const Command> client_commands() { return commands_of_this_folder; }

int dispatch(std::span<const Command> commands, std::string_view program, Terminal& terminal,
             const Arguments& arguments) {
  if (arguments.empty()) {
    print_overview(terminal.err, commands, program, "");
    return exit_usage;
  }
  const std::string& first = arguments.front();
  if (is_help(first)) {
    print_overview(terminal.out, commands, program, "");
    return exit_ok;
  }
  std::string name = is_version(first) ? "version" : first;
  for (std::size_t used = 1;; ++used) {
    if (const Command* command = find_command(commands, name)) {
      const auto rest = arguments.begin() + static_cast<std::ptrdiff_t>(used);
      return command->run(terminal, Arguments(rest, arguments.end()));
    }
    const std::string group = name + " ";
    const bool is_group = std::ranges::any_of(
        commands, [&](const Command& command) { return command.name.starts_with(group); });
    if (!is_group && used == 1) {
      terminal.err << "There is no command \"" << name << "\".\n\n";
      print_overview(terminal.err, commands, program, "");
      return exit_usage;
    }
    if (!is_group) {
      print_overview(terminal.err, commands, program, name.substr(0, name.rfind(' ') + 1));
      return exit_failed;
    }
    const bool asks_help = used < arguments.size() && is_help(arguments[used]);
    if (used == arguments.size() || asks_help) {
      print_overview(asks_help ? terminal.out : terminal.err, commands, program, group);
      return asks_help ? exit_ok : exit_failed;
    }
    name = group + arguments[used];
  }
}

}  // namespace conclave::cli
