#include "cli/run/agent_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <ostream>

#include "cli/commands/flags.h"
#include "cli/config/load_config.h"
#include "cli/run/agent_process.h"
#include "cli/run/host_interfaces.h"

namespace conclave::cli {
namespace {

std::vector<FlagSpec> agent_flag_specs() {
  std::vector<FlagSpec> specs;
  for (const AgentFlag& flag : agent_flags()) {
    const bool boolean = flag.kind == AgentFlagKind::toggle || flag.kind == AgentFlagKind::dev;
    specs.push_back({std::string(flag.name), boolean, std::string(flag.help)});
  }
  return specs;
}

HostFacts host_facts() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) name[0] = '\0';
  return {name.data(), host_interfaces()};
}

int refuse(Terminal& terminal, const std::string& sentence) {
  terminal.err << "==> " << sentence << std::endl;
  return exit_failed;
}

}  // namespace

int run_agent(Terminal& terminal, const Arguments& arguments) {
  const std::vector<FlagSpec> specs = agent_flag_specs();
  auto flags = parse_flags(specs, arguments);
  if (!flags) return refuse(terminal, flags.error().message);
  if (flags->help()) {
    terminal.out << "Usage: conclave agent [flags]\n\n" << describe_flags(specs);
    return exit_ok;
  }
  if (!flags->positionals().empty()) {
    return refuse(terminal, "Unexpected extra argument: " + flags->positionals().front());
  }
  std::vector<GivenFlag> given;
  for (const FlagValue& value : flags->values()) given.push_back({value.name, value.value});
  auto load = [given] { return load_agent_config(given, host_facts()); };
  auto config = load();
  if (!config) return refuse(terminal, config.error().message);
  auto code = run_agent_process(std::move(*config), load, terminal.out);
  if (!code) return refuse(terminal, code.error().message);
  return *code;
}

int run_validate(Terminal& terminal, const Arguments& arguments) {
  const std::vector<FlagSpec> specs = {
      {"quiet", true, "say nothing when all is well"},
      {"config-format", false, "format of all files, whatever their ending: hcl or json"}};
  auto flags = parse_flags(specs, arguments);
  if (!flags) {
    terminal.err << flags.error().message << "\n";
    return exit_failed;
  }
  if (flags->help()) {
    terminal.out
        << "Usage: conclave validate [flags] FILE_OR_DIRECTORY...\n\n"
           "  Reads configuration files as an agent would, and says what is wrong with them.\n"
           "  Nothing is started.\n\n"
        << describe_flags(specs);
    return exit_ok;
  }
  if (flags->positionals().empty()) {
    terminal.err << "Must specify at least one config file or directory\n";
    return exit_failed;
  }
  if (auto valid = validate_config_paths(flags->positionals(),
                                         flags->value("config-format").value_or(""), host_facts());
      !valid) {
    terminal.err << "Config validation failed: " << valid.error().message << "\n";
    return exit_failed;
  }
  if (!flags->is_on("quiet")) terminal.out << "Configuration is valid!\n";
  return exit_ok;
}

}  // namespace conclave::cli
