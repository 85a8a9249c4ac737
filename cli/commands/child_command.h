#pragma once

/// The command that `lock` and `watch` run for their user.

#include <csignal>
#include <string>
#include <vector>

#include "base/run/process.h"
#include "cli/commands/command.h"

namespace conclave::cli {

/// Between the request to end and SIGKILL (contract 17, lock).
inline constexpr Nanos child_grace = std::chrono::seconds(5);

/// Program and arguments. With a shell: $SHELL, or /bin/sh, is given the words with spaces between,
/// so that pipes and variables mean what they do at the prompt.
std::vector<std::string> child_argv(const std::vector<std::string>& words, bool shell,
                                    const Terminal& terminal);

/// How it ended in Go's words, `exit status 3` or `signal: killed`; "" when it ended well.
std::string describe_end(const ProcessResult& result);

/// Signals to pass on to the child while it runs. SIGINT and SIGTERM are not among them: they end
/// us, and the child on the way.
inline constexpr int forwarded_signals[] = {SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};

}  // namespace conclave::cli
