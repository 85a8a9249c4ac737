#include "cli/commands/monitor.h"

#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <ostream>

#include "api/http/client.h"
#include "base/run/loop.h"
#include "cli/commands/client_flags.h"

namespace conclave::cli {
namespace {

constexpr std::string_view usage = R"(Usage: conclave monitor [flags]

  Shows the agent's log as it is written, until interrupted. The level may be lower than the one
  that the agent writes its own log with. When this end is too slow, lines are left out, and one
  line says how many.

      $ conclave monitor -log-level=debug)";

/// Longer than any agent runs.
constexpr Nanos no_end = std::chrono::hours(24) * 365 * 10;

class MonitorRun {
 public:
  MonitorRun(Loop& loop, Terminal& terminal, api::ClientRequest request)
      : loop_(loop),
        terminal_(terminal),
        request_(std::move(request)),
        signals_(loop.context(), SIGINT, SIGTERM) {}

  Task<void> run() {
    loop_.spawn("signals", take_signal());
    request_.body_sink = [this](std::string_view lines) -> Result<void> {
      begun_ = true;
      terminal_.out << lines << std::flush;
      return {};
    };
    const auto response = co_await api::http_call(loop_, std::move(request_));
    if (!response && !begun_) {
      terminal_.err << "Error starting monitor: " << response.error().message << "\n";
    } else if (response && response->status != 200) {
      terminal_.err << "Error starting monitor: " << unexpected_response(*response).message << "\n";
    } else {
      // Where Consul's tool says it, too: among the lines.
      terminal_.out << "\nRemote side ended the monitor! This usually means that the\n"
                       "remote side has exited or crashed.\n"
                    << std::flush;
    }
    loop_.stop();
  }

  int exit_code() const { return interrupted_ ? exit_ok : exit_failed; }

 private:
  Task<void> take_signal() {
    [[maybe_unused]] const auto [error, number] = co_await signals_.async_wait(as_result);
    interrupted_ = true;
    loop_.stop();
  }

  Loop& loop_;
  Terminal& terminal_;
  api::ClientRequest request_;
  boost::asio::signal_set signals_;
  bool begun_ = false;
  bool interrupted_ = false;
};

}  // namespace

int run_monitor(Terminal& terminal, const Arguments& arguments) {
  auto command = begin_client_command(
      terminal, usage,
      {{"log-level", false, "least level to show: trace, debug, info, warn or error [info]"},
       {"log-json", true, "one JSON object a line"}},
      arguments);
  if (command.exit_code) return *command.exit_code;
  std::vector<AgentClient::Query> query = {
      {"loglevel", command.flags->value("log-level").value_or("info")}};
  if (command.flags->is_on("log-json")) query.push_back({"logjson", "true"});
  api::ClientRequest request =
      command.client->request("GET", "/v1/agent/monitor", std::move(query));
  request.timeout = no_end;
  Loop loop("monitor");
  MonitorRun run(loop, terminal, std::move(request));
  loop.spawn("monitor", run.run());
  loop.run();
  return run.exit_code();
}

}  // namespace conclave::cli
