#pragma once

/// A command of the command line: what it is called, what it does with its arguments, and the world
/// it sees. The world is passed in, so that tests give it their own.

#include <functional>
#include <iosfwd>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/http/client.h"
#include "base/core/result.h"
#include "base/run/loop.h"

namespace conclave::cli {

/// What a command may touch.
struct Terminal {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  /// A variable of the environment, nullopt when it is not set.
  std::function<std::optional<std::string>(std::string_view name)> environment;
  /// One HTTP request.
  std::function<Result<api::ClientResponse>(const api::ClientRequest&)> http;
  /// The same for commands that do several things at once, on their loop.
  std::function<Task<Result<api::ClientResponse>>(Loop&, api::ClientRequest)> http_task =
      api::http_call;
};

using Arguments = std::vector<std::string>;

struct Command {
  std::string_view name;     ///< "members", "kv get", or "operator raft list-peers".
  std::string_view summary;  ///< One line of the overview.
  int (*run)(Terminal& terminal, const Arguments& arguments);
};

/// The commands of this folder: clients of the HTTP API.
std::span<const Command> client_commands();

/// Exit codes of contract 16.4 and 17.
inline constexpr int exit_ok = 0;
inline constexpr int exit_failed = 1;
inline constexpr int exit_nothing_matched = 2;
inline constexpr int exit_usage = 127;

/// Finds and runs the command that `arguments` (without the program's name) begin with. No command
/// or an unknown one prints the overview and returns 127; -h prints it and returns 0; -v is
/// `version`.
int dispatch(std::span<const Command> commands, std::string_view program, Terminal& terminal,
             const Arguments& arguments);

}  // namespace conclave::cli
