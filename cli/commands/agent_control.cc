#include "cli/commands/agent_control.h"

#include <fmt/format.h>

#include <map>
#include <ostream>
#include <tuple>

#include "api/model/catalog.h"
#include "base/core/version.h"
#include "cli/commands/client_flags.h"

namespace conclave::cli {
namespace {

constexpr std::string_view reload_usage = R"(Usage: conclave reload [flags]

  Makes the agent read its configuration files again, as SIGHUP does. Definitions of services and
  checks, the log level and the like take effect; what needs a restart keeps its old value.)";

constexpr std::string_view leave_usage = R"(Usage: conclave leave [flags]

  Makes the agent leave the cluster in good order and end. Others see it as left, not as failed.)";

constexpr std::string_view info_usage = R"(Usage: conclave info [flags]

  Prints what the agent counts about itself: its services and checks, the state of Raft, the
  members, the versions. For looking at; /v1/agent/metrics is for machines.)";

constexpr std::string_view version_usage = R"(Usage: conclave version [flags]

  Prints the version of Consul whose API this is, and our own. Asks no agent.)";

}  // namespace

int run_reload(Terminal& terminal, const Arguments& arguments) {
  auto command = begin_client_command(terminal, reload_usage, {}, arguments);
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
  auto command = begin_client_command(terminal, leave_usage, {}, arguments);
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

int run_info(Terminal& terminal, const Arguments& arguments) {
  auto command = begin_client_command(terminal, info_usage, {}, arguments);
  if (command.exit_code) return *command.exit_code;
  struct Self {
    std::map<std::string, api::StringMap> stats;
    static constexpr auto fields() { return std::tuple{api::field(0, "Stats", &Self::stats)}; }
  };
  const auto self = command.client->get<Self>("/v1/agent/self");
  if (!self) {
    terminal.err << "Error querying agent: " << self.error().message << "\n";
    return exit_failed;
  }
  for (const auto& [group, values] : self->stats) {
    terminal.out << group << ":\n";
    for (const auto& [name, value] : values) {
      terminal.out << "\t" << name << " = " << value << "\n";
    }
  }
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
    terminal.out << version_usage << "\n\nFlags:\n\n" << describe_flags(specs);
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
