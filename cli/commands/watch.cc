#include "cli/commands/watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <ostream>

#include "api/codec/indent.h"
#include "base/run/sleep.h"
#include "base/run/waiter.h"
#include "cli/commands/child_command.h"
#include "cli/commands/watch_follower.h"
#include "cli/commands/watch_types.h"

namespace conclave::cli {
namespace {

constexpr std::string_view usage = R"(Usage: conclave watch -type=TYPE [flags] [COMMAND...]

  Without a command: prints what is watched as JSON, once. With one: runs it now and each time
  that changes, with the JSON on its standard input and the index in CONSUL_INDEX, until it fails
  or this program is told to end. While the command runs, changes gather; it is then run once for
  all of them. When the agent cannot be reached it goes on trying.

  TYPE and what it takes:
      key        -key=KEY              one key, null while it does not exist
      keyprefix  -prefix=PREFIX        all keys below a prefix
      services   [-filter]             names and tags of all services
      nodes      [-filter]             all nodes
      service    -service=NAME [-tag] [-passingonly] [-filter]
                                       instances of a service, with node and checks
      checks     [-service | -state] [-filter]
                                       checks of a service, or in a state [any]
      event      [-name]               user events; a command is given those it has not seen

      $ conclave watch -type=service -service=web
      $ conclave watch -type=key -key=app/config ./reload.sh)";

constexpr Nanos retry_unit = std::chrono::seconds(5);
constexpr Nanos retry_pause_max = std::chrono::minutes(3);
/// Well below what proxies and address translation forget a silent connection after.
constexpr Nanos wait_at_once = std::chrono::minutes(5);

/// The loop of one watch, on its own Loop.
class WatchRun {
 public:
  WatchRun(Loop& loop, Terminal& terminal, const AgentClient& client, std::string type,
           WatchQuery plan, std::vector<std::string> argv)
      : loop_(loop),
        terminal_(terminal),
        follower_({loop, terminal, client}, std::move(plan), wait_at_once),
        type_(std::move(type)),
        argv_(std::move(argv)),
        child_ended_(loop),
        signals_(loop.context()) {
    for (const int number : {SIGINT, SIGTERM}) signals_.add(number);
    for (const int number : forwarded_signals) signals_.add(number);
  }

  Task<void> run(int* exit_code) {
    loop_.spawn("signals", take_signals());
    *exit_code = co_await follow();
    loop_.stop();
  }

 private:
  Task<int> follow() {
    std::uint64_t failures = 0;
    for (;;) {
      const auto news = co_await follower_.next();
      if (!news) {
        const Nanos pause = watch_retry_pause(++failures);
        terminal_.err << fmt::format("Watch (type: {}) errored: {}, retry in {}", type_,
                                     news.error().message, format_duration(pause))
                      << std::endl;
        co_await sleep_for(loop_, pause);
        continue;
      }
      failures = 0;
      const std::optional<int> end = co_await handle(news->index, news->json);
      if (end) co_return *end;
    }
  }

  /// Set: the watch ends with this exit code.
  Task<std::optional<int>> handle(std::uint64_t index, std::string json) {
    if (argv_.empty()) {
      terminal_.out << api::indent_json(json) << std::flush;
      co_return exit_ok;
    }
    ProcessOptions process;
    process.argv = argv_;
    process.environment = {"CONSUL_INDEX=" + std::to_string(index)};
    process.input = json + "\n";
    process.capture_output = false;
    auto child = Process::start(loop_, std::move(process));
    if (!child) {
      terminal_.err << "Error starting handler: " << child.error().message << std::endl;
      co_return exit_failed;
    }
    child_ = &*child;
    const ProcessResult result = co_await child->wait();
    child_ = nullptr;
    child_ended_.notify_all();
    if (stopping_) co_return exit_ok;
    const std::string end = describe_end(result);
    if (end.empty()) co_return std::nullopt;
    terminal_.err << "Error executing handler: " << end << std::endl;
    co_return exit_failed;
  }

  Task<void> take_signals() {
    for (;;) {
      const auto [error, number] = co_await signals_.async_wait(as_result);
      if (error) co_return;
      if (child_ != nullptr) child_->send_signal(number);
      if (number != SIGINT && number != SIGTERM) continue;
      // follow() ends with a child; without one there is nothing to wait for. A child that does not
      // end in its time is killed together with the loop.
      stopping_ = true;
      if (child_ != nullptr) co_await child_ended_.wait_for(child_grace);
      if (child_ != nullptr) child_->send_signal(SIGKILL);
      if (child_ == nullptr) loop_.stop();
    }
  }

  Loop& loop_;
  Terminal& terminal_;
  WatchFollower follower_;
  const std::string type_;
  const std::vector<std::string> argv_;  ///< Empty: print and end.
  Process* child_ = nullptr;             ///< While it runs.
  Waiter child_ended_;
  boost::asio::signal_set signals_;
  bool stopping_ = false;
};

}  // namespace

std::uint64_t next_watch_index(std::uint64_t previous, std::uint64_t answered) {
  return answered < previous ? 0 : answered;
}

Nanos watch_retry_pause(std::uint64_t failures) {
  const auto squared = static_cast<std::int64_t>(std::min<std::uint64_t>(failures, 1000));
  return std::min(retry_unit * squared * squared, retry_pause_max);
}

int run_watch(Terminal& terminal, const Arguments& arguments) {
  auto command = begin_client_command(
      terminal, usage,
      {{"type", false, "what to watch: key, keyprefix, services, nodes, service, checks or event"},
       {"key", false, "the key, for key"},
       {"prefix", false, "the prefix, for keyprefix"},
       {"service", false, "the service, for service and checks"},
       {"tag", false, "only instances with this tag, for service; repeatable"},
       {"passingonly", false, "true: only instances whose checks all pass, for service [false]"},
       {"state", false, "passing, warning, critical or any, for checks"},
       {"filter", false, "filter expression"},
       {"name", false, "only events of this name, for event"},
       {"shell", true, "run the command with $SHELL or /bin/sh [true]"}},
      arguments);
  if (command.exit_code) return *command.exit_code;
  const ParsedFlags& flags = *command.flags;
  const std::string type = flags.value("type").value_or("");
  if (type.empty()) {
    terminal.err << "Watch type must be specified\n\n" << usage << "\n";
    return exit_failed;
  }
  auto plan = plan_watch(flags);
  if (!plan) {
    terminal.err << plan.error().message << "\n";
    return exit_failed;
  }
  const auto node = command.client->node_name();
  if (!node) {
    terminal.err << "Error querying Consul agent: " << node.error().message << "\n";
    return exit_failed;
  }
  std::vector<std::string> argv;
  if (!flags.positionals().empty()) {
    const bool shell = flags.value("shell").value_or("true") == "true";
    argv = child_argv(flags.positionals(), shell, terminal);
  }
  int exit_code = exit_ok;
  Loop loop("watch");
  WatchRun run(loop, terminal, *command.client, type, std::move(*plan), std::move(argv));
  loop.spawn("watch", run.run(&exit_code));
  loop.run();
  return exit_code;
}

}  // namespace conclave::cli
