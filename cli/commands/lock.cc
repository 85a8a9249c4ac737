#include "cli/commands/lock.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <memory>
#include <ostream>

#include "base/core/text.h"
#include "base/run/sleep.h"
#include "base/run/waiter.h"
#include "cli/commands/child_command.h"
#include "cli/commands/lock_claim.h"
#include "cli/commands/lock_session.h"

namespace conclave::cli {
namespace {

constexpr std::string_view usage = R"(Usage: conclave lock [flags] PREFIX COMMAND...

  Runs COMMAND while it holds the lock below PREFIX, so that of all that are started anywhere with
  the same PREFIX one runs at a time (with -n, so many). It waits for the lock, runs the command
  with CONSUL_LOCK_HELD=true, and gives the lock back when the command ends. If the lock is lost
  on the way, because the cluster cannot be reached or somebody destroyed the session, the command
  is sent SIGTERM, and SIGKILL after 5 seconds: while another holder may run, this one does not.
  SIGINT and SIGTERM to this program end the command in the same way.

  CONCLAVE_LOCK_FENCE is a number that only rises from holder to holder (not with -n). Hand it on
  to what the lock guards, and let that refuse smaller ones: a holder that was asleep when it lost
  the lock then does no harm when it wakes.

      $ conclave lock backup/shop pg_dump -f /backup/shop shop
      $ conclave lock -timeout=10s -child-exit-code migrate ./migrate.sh
      $ conclave lock -n=3 builders make -j4)";

constexpr Nanos wait_at_once_max = std::chrono::seconds(15);
/// api.DefaultLockRetryTime: between attempts while a lock-delay lasts (contract 5.5).
constexpr Nanos delayed_retry_interval = std::chrono::seconds(5);
constexpr Nanos monitor_retry_interval = std::chrono::seconds(1);
constexpr Nanos forever = std::chrono::hours(24 * 365);

struct LockOptions {
  std::string prefix;
  std::vector<std::string> words;  ///< The command.
  std::string session_name;
  std::uint64_t holders_max = 1;
  std::uint64_t monitor_retries = 3;
  Nanos timeout{};  ///< Of the acquisition; zero = none.
  bool shell = true;
  bool pass_stdin = false;
  bool verbose = false;
  bool child_exit_code = false;
};

/// One run, from the session to its end. Tasks tell run() what happened through the members below,
/// and wake it.
class LockRun {
 public:
  LockRun(Loop& loop, Terminal& terminal, const AgentClient& client, const LockOptions& options)
      : loop_(loop),
        terminal_(terminal),
        options_(options),
        agent_(loop, terminal, client),
        session_(loop, agent_, clock_),
        claim_(make_claim(agent_, options.prefix, options.holders_max)),
        changed_(loop),
        signals_(loop.context()) {
    for (const int number : {SIGINT, SIGTERM}) signals_.add(number);
    for (const int number : forwarded_signals) signals_.add(number);
  }

  Task<void> run(int* exit_code) {
    loop_.spawn("signals", take_signals());
    *exit_code = co_await guard();
    loop_.stop();
  }

 private:
  enum class Acquisition : std::uint8_t { under_way, held, failed };

  Task<int> guard() {
    const bool held = co_await acquire();
    if (!held) co_return exit_failed;
    int child_code = exit_ok;
    if (stopping_) {
      complain("Shutdown triggered during lock acquisition");
    } else {
      child_code = co_await supervise();
    }
    const auto released = co_await claim_->release();
    const auto destroyed = co_await session_.destroy();
    if (!released || !destroyed) {
      const Error& error = released ? destroyed.error() : released.error();
      complain("Lock release failed: " + error.message);
      co_return exit_failed;
    }
    const auto cleaned = co_await claim_->clean_up();
    if (!cleaned) {
      complain("Lock cleanup failed: " + cleaned.error().message);
      co_return exit_failed;
    }
    tell(*cleaned == CleanUp::done ? "Cleanup succeeded" : "Cleanup aborted, lock in use");
    co_return options_.child_exit_code ? child_code : exit_ok;
  }

  /// True when it is held. Else the session is gone and the user has been told.
  Task<bool> acquire() {
    tell(fmt::format("Setting up {} at path: {}", options_.holders_max == 1 ? "lock" : "semaphore",
                     claim_->key()));
    const Nanos began = clock_.boot_now();
    const auto created = co_await session_.create(options_.session_name, claim_->behavior());
    if (!created) {
      complain("Lock acquisition failed: failed to create session: " + created.error().message);
      co_return false;
    }
    loop_.spawn("renew", renew());
    tell("Attempting lock acquisition");
    loop_.spawn("acquire", try_until_held());
    while (acquisition_ == Acquisition::under_way && !stopping_ && !lost_) {
      // However short the time, there is one attempt.
      const bool limited = options_.timeout > Nanos{0} && attempts_ > 0;
      const Nanos left = limited ? began + options_.timeout - clock_.boot_now() : forever;
      if (left <= Nanos{0}) break;
      co_await changed_.wait_for(left);
    }
    if (acquisition_ == Acquisition::held) co_return true;
    if (lost_) failure_ = lost_because_;
    complain(failure_.empty() ? "Shutdown triggered or timeout during lock acquisition"
                              : "Lock acquisition failed: " + failure_);
    // Whatever is still on its way to the server acquires nothing for a session that is gone.
    co_await session_.destroy();
    co_return false;
  }

  Task<void> try_until_held() {
    auto prepared = co_await claim_->prepare(session_.id());
    if (!prepared) co_return give_up(prepared.error());
    std::uint64_t index = 0;
    while (!stopping_ && !lost_) {
      const Nanos wait = options_.timeout > Nanos{0} ? std::min(options_.timeout, wait_at_once_max)
                                                     : wait_at_once_max;
      const auto attempt = co_await claim_->attempt(index, wait);
      if (!attempt) co_return give_up(attempt.error());
      ++attempts_;
      index = attempt->kind == Attempt::Kind::taken ? attempt->index : 0;
      if (attempt->kind == Attempt::Kind::held) acquisition_ = Acquisition::held;
      changed_.notify_all();
      if (acquisition_ == Acquisition::held) co_return;
      if (attempt->kind == Attempt::Kind::delayed) {
        co_await sleep_for(loop_, delayed_retry_interval);
      }
    }
  }

  void give_up(const Error& error) {
    failure_ = error.message;
    acquisition_ = Acquisition::failed;
    changed_.notify_all();
  }

  /// Runs the child; its exit code as -child-exit-code shows it.
  Task<int> supervise() {
    tell("Starting handler");
    terminal_.out.flush();
    ProcessOptions process;
    process.argv = child_argv(options_.words, options_.shell, terminal_);
    process.environment = {"CONSUL_LOCK_HELD=true"};
    if (const std::string fence = claim_->fence(); !fence.empty()) {
      process.environment.push_back("CONCLAVE_LOCK_FENCE=" + fence);
    }
    process.capture_output = false;
    if (options_.pass_stdin) {
      // Only the terminal's foreground group may read from it.
      process.input = std::nullopt;
      process.own_group = false;
    }
    auto child = Process::start(loop_, std::move(process));
    if (!child) {
      complain("Error starting handler: " + child.error().message);
      co_return exit_nothing_matched;
    }
    child_ = &*child;
    loop_.spawn("child", wait_for_child());
    loop_.spawn("monitor", monitor());
    while (!child_ended_ && !stopping_ && !lost_) co_await changed_.wait_for(forever);
    if (!child_ended_) {
      tell(stopping_ ? "Shutdown triggered, killing child"
                     : "Lock lost, killing child: " + lost_because_);
      co_await end_child();
    } else {
      tell("Child terminated, releasing lock");
    }
    child_ = nullptr;
    const std::string end = describe_end(child_result_);
    if (end.empty()) co_return exit_ok;
    complain("Error running handler: " + end);
    co_return exit_nothing_matched;
  }

  Task<void> end_child() {
    tell(fmt::format("Terminating child pid {}", child_->pid()));
    child_->send_signal(SIGTERM);
    const Nanos deadline = clock_.boot_now() + child_grace;
    while (!child_ended_ && clock_.boot_now() < deadline) {
      co_await changed_.wait_for(deadline - clock_.boot_now());
    }
    if (!child_ended_) {
      tell(fmt::format("Child did not exit after grace period of {}, killing it",
                       format_duration(child_grace)));
      child_->send_signal(SIGKILL);
    }
    while (!child_ended_) co_await changed_.wait_for(forever);
    tell("Child terminated");
  }

  Task<void> wait_for_child() {
    child_result_ = co_await child_->wait();
    child_ended_ = true;
    changed_.notify_all();
  }

  Task<void> renew() {
    std::string why = co_await session_.keep();
    lose(std::move(why));
  }

  /// Watches that it is still ours, and rides out short troubles of the servers.
  Task<void> monitor() {
    std::uint64_t index = 0;
    std::uint64_t retries = options_.monitor_retries;
    while (!lost_) {
      const auto held = co_await claim_->still_held(&index, wait_at_once_max);
      if (held && !*held) co_return lose("somebody took it away");
      if (held) {
        retries = options_.monitor_retries;
        continue;
      }
      if (retries == 0 || !may_pass(held.error())) co_return lose(held.error().message);
      --retries;
      index = 0;
      co_await sleep_for(loop_, monitor_retry_interval);
    }
  }

  void lose(std::string why) {
    if (lost_) return;
    lost_ = true;
    lost_because_ = std::move(why);
    changed_.notify_all();
  }

  Task<void> take_signals() {
    for (;;) {
      const auto [error, number] = co_await signals_.async_wait(as_result);
      if (error) co_return;
      if (number == SIGINT || number == SIGTERM) {
        stopping_ = true;
        changed_.notify_all();
      } else if (child_ != nullptr) {
        child_->send_signal(number);
      } else {
        // Nobody to pass it on to: it means us, and ends us.
        stopping_ = true;
        changed_.notify_all();
      }
    }
  }

  void tell(std::string_view sentence) {
    if (options_.verbose) terminal_.out << sentence << std::endl;
  }
  void complain(std::string_view sentence) { terminal_.err << sentence << std::endl; }

  Loop& loop_;
  Terminal& terminal_;
  const LockOptions& options_;
  const Clock& clock_ = system_clock();
  AgentTasks agent_;
  LockSession session_;
  std::unique_ptr<Claim> claim_;
  Waiter changed_;
  boost::asio::signal_set signals_;
  Process* child_ = nullptr;  ///< While it runs.
  ProcessResult child_result_;
  Acquisition acquisition_ = Acquisition::under_way;
  std::string failure_;
  std::string lost_because_;
  std::uint64_t attempts_ = 0;
  bool stopping_ = false;
  bool lost_ = false;
  bool child_ended_ = false;
};

Result<LockOptions> read_options(const ParsedFlags& flags) {
  LockOptions options;
  const auto bad = [](std::string_view sentence) {
    return fail(ErrorCode::bad_request, std::string(sentence));
  };
  options.holders_max = parse_u64(flags.value("n").value_or("1")).value_or(0);
  if (options.holders_max == 0) return bad("Lock holder limit must be positive");
  const auto retries = parse_u64(flags.value("monitor-retry").value_or("3"));
  if (!retries) return bad("-monitor-retry must be a number from 0");
  options.monitor_retries = *retries;
  const auto& words = flags.positionals();
  if (words.size() < 2) return bad("Key prefix and child command must be specified");
  options.prefix = words.front();
  if (options.prefix.starts_with('/')) options.prefix.erase(0, 1);
  options.words.assign(words.begin() + 1, words.end());
  const auto older = flags.value("try");
  CONCLAVE_TRY_ASSIGN(options.timeout,
                      parse_duration(flags.value("timeout").value_or(older.value_or("0s"))));
  if (options.timeout < Nanos{0}) return bad("Timeout must be positive");
  options.session_name = flags.value("name").value_or("");
  if (options.session_name.empty()) {
    options.session_name =
        fmt::format("Consul lock for '{}' at '{}'", fmt::join(options.words, " "), options.prefix);
  }
  options.shell = flags.value("shell").value_or("true") == "true";
  options.pass_stdin = flags.is_on("pass-stdin");
  options.verbose = flags.is_on("verbose");
  options.child_exit_code = flags.is_on("child-exit-code");
  return options;
}

}  // namespace

int run_lock(Terminal& terminal, const Arguments& arguments) {
  auto command = begin_client_command(
      terminal, usage,
      {{"n", false, "how many may hold it at once; more than 1 makes it a semaphore [1]"},
       {"name", false, "name of the session [made of command and prefix]"},
       {"timeout", false, "give up after this long without it, e.g. 10s [0s: never]"},
       {"try", false, "old name of -timeout"},
       {"monitor-retry", false, "failed looks at the lock, 1s apart, before it counts as lost [3]"},
       {"child-exit-code", true, "exit with 2 if the command fails"},
       {"shell", true, "run the command with $SHELL or /bin/sh [true]"},
       {"pass-stdin", true, "let the command read our standard input"},
       {"verbose", true, "say what is being done"}},
      arguments);
  if (command.exit_code) return *command.exit_code;
  auto options = read_options(*command.flags);
  if (!options) {
    terminal.err << options.error().message << "\n";
    return exit_failed;
  }
  const auto node = command.client->node_name();
  if (!node) {
    terminal.err << "Error querying Consul agent: " << node.error().message << "\n";
    return exit_failed;
  }
  int exit_code = exit_failed;
  Loop loop("lock");
  LockRun run(loop, terminal, *command.client, *options);
  loop.spawn("lock", run.run(&exit_code));
  loop.run();
  return exit_code;
}

}  // namespace conclave::cli
