#include "cli/commands/agent_control.h"

#include <fmt/format.h>

#include <ostream>

#include "base/core/version.h"
#include "cli/commands/client_flags.h"

namespace conclave::cli {

int run_reload(Terminal& terminal, const Arguments& arguments) {
  auto command = begin_client_command(terminal, "Usage: conclave reload [flags]", {}, arguments);
  if (command.exit_code) return *command.exit_code;
  auto body = command.client->expect_ok("PUT", "/v1/agent/reload");
  if (!body) {
    terminal.err << "Error reloading: " << body.error().message << "\n";
    return exit_failed;
  }
  terminal.out << "Configuration reload triggered\n";
  return exit_ok;
}

int run_leave(Terminal& terminal, const Arguments& arguments) {
  auto command = begin_client_command(terminal, "Usage: conclave leave [flags]", {}, arguments);
  if (command.exit_code) return *command.exit_code;
  auto body = command.client->expect_ok("PUT", "/v1/agent/leave");
  // The agent may be gone before its answer is out (contract 6.4): an end of file is its last word.
  if (!body && !body.error().message.contains("EOF")) {
    terminal.err << "Error leaving: " << body.error().message << "\n";
    return exit_failed;
  }
  terminal.out << "Graceful leave complete\n";
  return exit_ok;
}

int run_version(Terminal& terminal, const Arguments& arguments) {
  const std::vector<FlagSpec> specs = {{"format", false, "pretty or json [pretty]"}};
  auto flags = parse_flags(specs, arguments);
  if (!flags) {
    terminal.err << flags.error().message << "\n";
    return exit_failed;
  }
  if (flags->help()) {
    terminal.out << "Usage: conclave version [flags]\n\n" << describe_flags(specs);
    return exit_ok;
  }
  const std::string format = flags->value("format").value_or("pretty");
  if (format == "json") {
    terminal.out << fmt::format(
        "{{\n    \"Version\": \"{}\",\n    \"Revision\": \"\",\n    \"Prerelease\": \"\",\n"
        "    \"Conclave\": \"{}\",\n"
        "    \"RPC\": {{\n        \"Default\": 2,\n        \"Min\": 2,\n        \"Max\": 3\n"
        "    }}\n}}\n",
        compatible_version, conclave_version);
    return exit_ok;
  }
  if (format != "pretty") {
    terminal.err << "Unknown format: " << format << ", must be one of: json|pretty\n";
    return exit_failed;
  }
  terminal.out << "Consul v" << compatible_version << "\n"
               << "Conclave v" << conclave_version << "\n";
  return exit_ok;
}

}  // namespace conclave::cli
