#pragma once

/// Child processes: script checks, watch handlers, `lock` and `exec`. A child runs in its own
/// process group, gets no descriptor of ours but the three standard ones, and default signals.

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/core/duration.h"
#include "base/core/result.h"
#include "base/run/loop.h"

namespace conclave {

struct ProcessOptions {
  /// The program (looked up in PATH if it has no slash) and its arguments; never empty.
  std::vector<std::string> argv;
  /// "NAME=value", added to our own environment; a later one of the same name wins.
  std::vector<std::string> environment;
  std::string working_directory;  ///< Empty: ours.
  /// What the child reads from standard input; nullopt lets it read ours (a terminal, a pipe).
  std::optional<std::string> input = std::string();
  /// True: standard output and error are collected together. False: they are ours.
  bool capture_output = true;
  /// True: the child leads a process group of its own and signals go to all of it. False: it stays
  /// in ours, which an interactive child needs to read from the terminal.
  bool own_group = true;
  /// The last so many bytes of output are kept, earlier ones forgotten.
  std::size_t output_max = 4096;
  /// After this the whole process group is killed; zero for no limit.
  Nanos timeout{0};
};

struct ProcessResult {
  int exit_code = 0;              ///< As a shell says it: 128 + signal for a child ended by one.
  int signal = 0;                 ///< The signal that ended it, or 0.
  bool timed_out = false;         ///< Killed by us because of `timeout`.
  std::string output;             ///< The tail, at most output_max bytes.
  std::uint64_t output_size = 0;  ///< How much there was in all.
};

/// A running child. Loop thread only. Destroying it kills the group if the child still runs, and
/// reaps it.
class Process {
 public:
  static Result<Process> start(Loop& loop, ProcessOptions options);
  ~Process();
  Process(Process&&) noexcept = default;
  Process& operator=(Process&&) = delete;

  pid_t pid() const;
  /// Sends a signal to the child's process group (to the child alone without a group of its own);
  /// no effect once it has ended.
  void send_signal(int signal);
  /// Waits for the end of the child itself, not of what it left running in the background. Once;
  /// this object must stay alive meanwhile.
  Task<ProcessResult> wait();

 private:
  struct Child;
  explicit Process(std::shared_ptr<Child> child);
  /// Shared with the handlers that are under way.
  std::shared_ptr<Child> child_;
};

/// start() and wait() in one. The error: the program could not be started.
Task<Result<ProcessResult>> run_process(Loop& loop, ProcessOptions options);

}  // namespace conclave
