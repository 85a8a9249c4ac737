#include "base/run/process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
extern "C" {  // glibc 2.36 forgot to say so.
#include <sys/pidfd.h>
}
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <cerrno>
#include <csignal>
#include <string_view>
#include <utility>

#include "base/core/assert.h"
#include "base/run/file.h"
#include "base/run/sleep.h"

namespace conclave {
namespace {

using AsyncDescriptor = boost::asio::posix::basic_stream_descriptor<Executor>;

/// More than a pipe holds; what a background child goes on writing is not waited for.
constexpr std::size_t drain_max = std::size_t{1} << 20;

/// posix_spawn's two settings objects, set up and torn down together.
class SpawnSettings {
 public:
  SpawnSettings() {
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
  }
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;

  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
};

std::string_view name_of(std::string_view variable) {
  return variable.substr(0, variable.find('='));
}

/// Our environment with `added` over it, without double names: a reader may take either.
std::vector<std::string> merged_environment(const std::vector<std::string>& added) {
  std::vector<std::string> merged;
  const auto put = [&merged](std::string_view variable) {
    std::erase_if(merged, [&](const auto& old) { return name_of(old) == name_of(variable); });
    merged.emplace_back(variable);
  };
  for (char** at = environ; *at != nullptr; ++at) put(*at);
  for (const std::string& variable : added) put(variable);
  return merged;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

/// A descriptor from which the child reads `input` and then the end of the file. A memory file
/// needs no writer, so the child cannot block us.
Result<Descriptor> input_file(const std::string& input) {
  if (input.empty()) return open_file("/dev/null", O_RDONLY);
  Descriptor file(::memfd_create("input", MFD_CLOEXEC));
  if (!file) return fail_errno("make", "a memory file for the input of a program", errno);
  CONCLAVE_TRY(write_all(file.get(), input, "a memory file for the input of a program"));
  ::lseek(file.get(), 0, SEEK_SET);
  return file;
}

struct Pipe {
  Descriptor read;
  Descriptor write;
};

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno("make", "a pipe for a program", errno);
  Pipe pipe{Descriptor(ends[0]), Descriptor(ends[1])};
  // Our end only: a child does not expect its standard output to be non-blocking.
  ::fcntl(pipe.read.get(), F_SETFL, O_NONBLOCK);
  return pipe;
}

void set_attributes(SpawnSettings& settings, const ProcessOptions& options) {
  short flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK;
  if (options.own_group) {
    flags |= POSIX_SPAWN_SETPGROUP;
    posix_spawnattr_setpgroup(&settings.attributes, 0);
  }
  sigset_t signals;
  sigemptyset(&signals);
  posix_spawnattr_setsigmask(&settings.attributes, &signals);
  sigfillset(&signals);
  sigdelset(&signals, SIGKILL);
  sigdelset(&signals, SIGSTOP);
  posix_spawnattr_setsigdefault(&settings.attributes, &signals);
  posix_spawnattr_setflags(&settings.attributes, flags);
}

/// Starts the program; `input` and `output` may be absent, then the child has ours.
Result<pid_t> spawn(ProcessOptions& options, const Descriptor& input, const Descriptor& output) {
  SpawnSettings settings;
  set_attributes(settings, options);
  if (input) posix_spawn_file_actions_adddup2(&settings.actions, input.get(), STDIN_FILENO);
  if (output) {
    posix_spawn_file_actions_adddup2(&settings.actions, output.get(), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&settings.actions, output.get(), STDERR_FILENO);
  }
  posix_spawn_file_actions_addclosefrom_np(&settings.actions, STDERR_FILENO + 1);
  if (!options.working_directory.empty()) {
    posix_spawn_file_actions_addchdir_np(&settings.actions, options.working_directory.c_str());
  }
  std::vector<std::string> environment = merged_environment(options.environment);
  pid_t pid = 0;
  const int error =
      posix_spawnp(&pid, options.argv[0].c_str(), &settings.actions, &settings.attributes,
                   pointers_to(options.argv).data(), pointers_to(environment).data());
  if (error == 0) return pid;
  if (options.working_directory.empty()) return fail_errno("start", options.argv[0], error);
  return fail_errno("start", options.argv[0] + " in " + options.working_directory, error);
}

}  // namespace

struct Process::Child : std::enable_shared_from_this<Process::Child> {
  Child(Loop& on, ProcessOptions&& given)
      : options(std::move(given)),
        exited(on.context()),
        output(on.context()),
        deadline(on.context()) {}
  ~Child() {
    if (pid <= 0 || ended) return;
    signal(SIGKILL);
    reap(0);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  void signal(int number) const {
    if (!ended) ::kill(options.own_group ? -pid : pid, number);
  }

  /// The child's status once it has ended; nullopt, with WNOHANG: it runs.
  std::optional<int> reap(int flags) {
    int status = 0;
    pid_t found = 0;
    while ((found = ::waitpid(pid, &status, flags)) < 0 && errno == EINTR) {
    }
    if (found == 0) return std::nullopt;
    ended = true;
    return status;
  }

  void watch_deadline() {
    if (options.timeout <= Nanos{0}) return;
    deadline.expires_after(options.timeout);
    deadline.async_wait([self = weak_from_this()](const boost::system::error_code& error) {
      const auto child = self.lock();
      if (error || !child || child->ended) return;
      child->result.timed_out = true;
      child->signal(SIGKILL);
    });
  }

  /// Reads in the handler and not through the operation, so that nothing read is still on its way
  /// when the child's end is noticed.
  void watch_output() {
    if (!output.is_open()) return;
    output.async_wait(AsyncDescriptor::wait_read,
                      [self = weak_from_this()](const boost::system::error_code& error) {
                        const auto child = self.lock();
                        if (error || !child || child->ended) return;
                        if (child->read_output(sizeof(Block))) child->watch_output();
                      });
  }

  /// Reads what there is, about `size` bytes at most; false at the end of the file.
  bool read_output(std::size_t size) {
    Block block;
    for (std::size_t taken = 0; taken < size;) {
      const ssize_t got = ::read(output.native_handle(), block, sizeof block);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return errno == EAGAIN;
      if (got == 0) return false;
      keep({block, static_cast<std::size_t>(got)});
      taken += static_cast<std::size_t>(got);
    }
    return true;
  }

  void keep(std::string_view bytes) {
    result.output_size += bytes.size();
    result.output.append(bytes);
    // Cut at twice the size, so that a talkative child costs one move per output_max bytes.
    if (result.output.size() > 2 * options.output_max) cut_output();
  }

  void cut_output() {
    if (result.output.size() > options.output_max) {
      result.output.erase(0, result.output.size() - options.output_max);
    }
  }

  using Block = char[std::size_t{16} * 1024];

  ProcessOptions options;
  pid_t pid = 0;
  bool ended = false;      ///< Reaped: the pid may be somebody else's by now.
  AsyncDescriptor exited;  ///< A pidfd: readable when the child has ended.
  AsyncDescriptor output;
  Timer deadline;
  ProcessResult result;
};

Process::Process(std::shared_ptr<Child> child) : child_(std::move(child)) {}
Process::~Process() = default;

Result<Process> Process::start(Loop& loop, ProcessOptions options) {
  CONCLAVE_ASSERT(loop.is_here());
  CONCLAVE_ASSERT(!options.argv.empty());
  Descriptor input;
  if (options.input) {
    CONCLAVE_TRY_ASSIGN(input, input_file(*options.input));
  }
  Pipe pipe;
  if (options.capture_output) {
    CONCLAVE_TRY_ASSIGN(pipe, make_pipe());
  }

  auto child = std::make_shared<Child>(loop, std::move(options));
  CONCLAVE_TRY_ASSIGN(child->pid, spawn(child->options, input, pipe.write));
  Descriptor exited(::pidfd_open(child->pid, 0));
  if (!exited) return fail_errno("watch", "process " + std::to_string(child->pid), errno);
  child->exited.assign(exited.release());
  if (pipe.read) child->output.assign(pipe.read.release());
  child->watch_deadline();
  child->watch_output();
  return Process(std::move(child));
}

pid_t Process::pid() const { return child_->pid; }

void Process::send_signal(int signal) { child_->signal(signal); }

Task<ProcessResult> Process::wait() {
  const std::shared_ptr<Child> child = child_;
  std::optional<int> end;
  while (!end) {
    [[maybe_unused]] auto [error] =
        co_await child->exited.async_wait(AsyncDescriptor::wait_read, as_result);
    // The loop may take for ours what was meant for a descriptor closed earlier in this turn.
    end = child->reap(WNOHANG);
  }
  const int status = *end;
  child->deadline.cancel();
  if (child->output.is_open()) {
    child->read_output(drain_max);
    child->output.close();
  }
  child->cut_output();
  child->result.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  child->result.exit_code =
      child->result.signal != 0 ? 128 + child->result.signal : WEXITSTATUS(status);
  co_return std::move(child->result);
}

namespace {

Task<Result<ProcessResult>> start_and_wait(Loop* loop, ProcessOptions options) {
  Result<Process> process = Process::start(*loop, std::move(options));
  if (!process) co_return std::unexpected(std::move(process).error());
  co_return co_await process->wait();
}

}  // namespace

Task<Result<ProcessResult>> run_process(Loop& loop, ProcessOptions options) {
  return start_and_wait(&loop, std::move(options));
}

}  // namespace conclave
