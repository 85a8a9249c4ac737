#include "cli/commands/child_command.h"

#include <fmt/format.h>

#include <cstring>

#include "base/core/text.h"

namespace conclave::cli {

std::vector<std::string> child_argv(const std::vector<std::string>& words, bool shell,
                                    const Terminal& terminal) {
  if (!shell) return words;
  const std::string program = terminal.environment("SHELL").value_or("");
  return {program.empty() ? "/bin/sh" : program, "-c", fmt::format("{}", fmt::join(words, " "))};
}

std::string describe_end(const ProcessResult& result) {
  if (result.signal != 0) return "signal: " + to_lower_ascii(::strsignal(result.signal));
  if (result.exit_code != 0) return "exit status " + std::to_string(result.exit_code);
  return "";
}

}  // namespace conclave::cli
