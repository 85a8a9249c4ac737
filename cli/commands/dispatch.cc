#include <fmt/format.h>

#include <algorithm>
#include <ostream>

#include "cli/commands/agent_control.h"
#include "cli/commands/command.h"
#include "cli/commands/kv.h"
#include "cli/commands/members.h"

namespace conclave::cli {
namespace {

constexpr Command commands_of_this_folder[] = {
    {"kv delete", "Remove a key, or everything below a prefix", run_kv_delete},
    {"kv get", "Show a key, or everything below a prefix", run_kv_get},
    {"kv put", "Write a key", run_kv_put},
    {"leave", "Leave the cluster and stop the agent", run_leave},
    {"members", "List the members of the cluster", run_members},
    {"reload", "Make the agent read its configuration again", run_reload},
    {"version", "Print the version", run_version},
};

void print_overview(std::ostream& out, std::span<const Command> commands, std::string_view program,
                    std::string_view group) {
  out << "Usage: " << program << (group.empty() ? "" : " ") << group
      << " [--version] [--help] <command> [<args>]\n\nAvailable commands are:\n";
  for (const Command& command : commands) {
    if (!command.name.starts_with(group)) continue;
    out << fmt::format("    {:<12} {}\n", command.name, command.summary);
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
  const std::string name = is_version(first) ? "version" : first;
  if (const Command* command = find_command(commands, name)) {
    return command->run(terminal, Arguments(arguments.begin() + 1, arguments.end()));
  }
  const std::string group = name + " ";
  const bool is_group = std::ranges::any_of(
      commands, [&](const Command& command) { return command.name.starts_with(group); });
  if (!is_group) {
    terminal.err << "There is no command \"" << name << "\".\n\n";
    print_overview(terminal.err, commands, program, "");
    return exit_usage;
  }
  if (arguments.size() > 1) {
    if (const Command* command = find_command(commands, group + arguments[1])) {
      return command->run(terminal, Arguments(arguments.begin() + 2, arguments.end()));
    }
    if (is_help(arguments[1])) {
      print_overview(terminal.out, commands, program, group);
      return exit_ok;
    }
  }
  print_overview(terminal.err, commands, program, group);
  return exit_failed;
}

}  // namespace conclave::cli
