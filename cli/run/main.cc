/// The program: `conclave`, or `consul` through a link of that name, which behaves the same.

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <vector>

#include "api/http/client.h"
#include "cli/commands/command.h"
#include "cli/offline/commands.h"
#include "cli/run/agent_command.h"

namespace conclave::cli {
namespace {

std::vector<Command> all_commands() {
  std::vector<Command> commands(client_commands().begin(), client_commands().end());
  commands.push_back({"agent", "Run an agent", run_agent});
  commands.push_back({"operator recover", "Rebuild a quorum from the one server that is left",
                      run_operator_recover});
  commands.push_back(
      {"snapshot inspect", "Show what is in a saved snapshot", run_snapshot_inspect});
  commands.push_back({"validate", "Check configuration files", run_validate});
  std::ranges::sort(commands, {}, &Command::name);
  return commands;
}

std::string_view program_name(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

int run(int argc, char** argv) {
  // A reader that went away shows as an error of the write, not as a signal.
  std::signal(SIGPIPE, SIG_IGN);
  Terminal terminal{std::cin, std::cout, std::cerr,
                    [](std::string_view name) -> std::optional<std::string> {
                      const char* value = std::getenv(std::string(name).c_str());
                      return value == nullptr ? std::nullopt : std::optional<std::string>(value);
                    },
                    api::http_call_blocking};
  const Arguments arguments(argv + std::min(argc, 1), argv + argc);
  const std::vector<Command> commands = all_commands();
  const int code =
      dispatch(commands, program_name(argc > 0 ? argv[0] : "conclave"), terminal, arguments);
  std::cout.flush();
  return code;
}

}  // namespace
}  // namespace conclave::cli

int main(int argc, char** argv) { return conclave::cli::run(argc, argv); }
