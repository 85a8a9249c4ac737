#include "cli/run/agent_process.h"

#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <optional>
#include <ostream>
#include <utility>
#include <vector>

#include "base/run/log.h"
#include "base/run/metrics.h"
#include "base/run/sleep.h"
#include "cli/run/advertise.h"
#include "cli/run/agent_part.h"
#include "cli/run/data_dir.h"
#include "cli/run/dns_part.h"
#include "cli/run/listeners.h"
#include "cli/run/pid_file.h"
#include "cli/run/role.h"
#include "cli/run/surroundings.h"
#include "cli/run/watchdog.h"

namespace conclave::cli {
namespace {

/// Connections get this long to take their last answers.
constexpr Nanos drain_max = std::chrono::seconds(3);
/// What has not ended by itself by then is ended (contract 16.4: 15 s).
constexpr Nanos shutdown_max = std::chrono::seconds(15);

/// The parts in the order in which they need each other; destroyed in reverse.
class AgentProcess {
 public:
  AgentProcess(AgentConfig config, std::function<Result<AgentConfig>()> load, std::ostream& out)
      : config_(std::move(config)),
        load_(std::move(load)),
        out_(out),
        signals_(main_.context(), SIGINT, SIGTERM, SIGHUP) {}

  Result<int> run();

 private:
  Result<void> build();
  Result<void> begin();

  void wait_for_signal();
  void on_signal(int number);
  Task<void> reload_on_signal();
  Task<void> leave_on_signal();
  void end(bool graceful);
  void give_up(const std::string& sentence);
  Task<void> shut_down(bool graceful);
  Task<void> force_end();
  Task<void> end_metric_intervals();
  std::vector<Loop*> all_loops();
  Result<AgentConfig> load_checked() const;
  void apply_reloaded(const AgentConfig& config);

  AgentConfig config_;
  const std::function<Result<AgentConfig>()> load_;
  std::ostream& out_;
  Metrics metrics_;
  const Clock& clock_ = system_clock();
  std::optional<DataDir> data_dir_;
  Identity identity_;
  std::optional<Listeners> listeners_;
  std::optional<PidFile> pid_file_;
  Loop main_{"main"};
  boost::asio::signal_set signals_;
  std::unique_ptr<Role> role_;
  std::unique_ptr<AgentPart> agent_;
  bool ending_ = false;
  int exit_code_ = 0;
  std::string failure_;  ///< Why it ends, for standard error; "" = it was asked to.
};

Result<int> AgentProcess::run() {
  raise_open_file_limit();
  out_ << "==> Starting Consul agent..." << std::endl;
  CONCLAVE_TRY(build());
  CONCLAVE_TRY(begin());
  main_.run();
  role_->close();
  log_info("agent", "Exit code: code={}", exit_code_);
  if (!failure_.empty()) return fail(ErrorCode::failed, failure_);
  return exit_code_;
}

Result<void> AgentProcess::build() {
  CONCLAVE_TRY_ASSIGN(api::RouterOptions routes, router_options(config_));
  CONCLAVE_TRY_ASSIGN(const std::string address, advertised_address(config_));
  // The port is the first thing to be refused for: nothing on disk is touched before it is ours.
  CONCLAVE_TRY_ASSIGN(Listeners listeners, Listeners::open(config_));
  listeners_.emplace(std::move(listeners));
  CONCLAVE_TRY_ASSIGN(DnsSockets dns_sockets, DnsSockets::open(config_));
  CONCLAVE_TRY_ASSIGN(ClusterPorts ports, ClusterPorts::open(config_));
  CONCLAVE_TRY_ASSIGN(DataDir data_dir, config_.data_dir.empty()
                                            ? DataDir::temporary(config_.node_id)
                                            : DataDir::open(config_.data_dir, config_.node_id));
  data_dir_.emplace(std::move(data_dir));
  identity_ = {data_dir_->node_id(), address, data_dir_->path()};
  RoleParts parts{.config = config_,
                  .identity = identity_,
                  .ports = std::move(ports),
                  .dns_sockets = std::move(dns_sockets),
                  .main = main_,
                  .clock = clock_,
                  .metrics = metrics_,
                  .routes = std::move(routes),
                  .give_up = [this](const std::string& sentence) { give_up(sentence); }};
  CONCLAVE_TRY_ASSIGN(role_, config_.server ? make_server_role(std::move(parts))
                                            : make_client_role(std::move(parts)));
  agent_ = std::make_unique<AgentPart>(
      config_, identity_, main_, role_->cluster(), role_->upstream(), clock_, metrics_,
      AgentPart::Callbacks{.load = [this] { return load_checked(); },
                           .reloaded = [this](const AgentConfig& next) { apply_reloaded(next); },
                           .left = [this] { main_.post([this] { end(true); }); }});
  CONCLAVE_TRY(agent_->load());
  CONCLAVE_TRY_ASSIGN(PidFile pid_file, PidFile::write(config_.pid_file));
  pid_file_.emplace(std::move(pid_file));
  role_->connect(*agent_);
  return {};
}

Result<void> AgentProcess::begin() {
  std::vector<std::vector<int>> sockets;
  for (std::size_t n = 0; n < role_->fronts(); ++n) {
    CONCLAVE_TRY_ASSIGN(auto copies, listeners_->duplicate());
    sockets.push_back(std::move(copies));
  }
  CONCLAVE_TRY(role_->start());
  out_ << banner(config_, identity_, listeners_->addresses()) << "\n==> Consul agent running!\n"
       << "==> Log data will now stream in as it occurs:\n"
       << std::endl;
  for (const std::string& warning : config_.warnings) log_warn("agent", "{}", warning);
  wait_for_signal();
  main_.post([this, sockets = std::move(sockets)] {
    role_->serve(sockets);
    agent_->start();
    main_.spawn("metrics", end_metric_intervals());
    main_.spawn("watchdog", feed_watchdog(main_, all_loops(), watchdog_limit(), &ending_));
    notify_systemd("READY=1");
  });
  return {};
}

std::vector<Loop*> AgentProcess::all_loops() {
  std::vector<Loop*> loops = {&main_, &agent_->loop()};
  for (Loop* loop : role_->loops()) loops.push_back(loop);
  return loops;
}

Task<void> AgentProcess::end_metric_intervals() {
  while (!ending_) {
    co_await sleep_for(main_, Metrics::interval);
    metrics_.end_interval();
  }
}

void AgentProcess::wait_for_signal() {
  signals_.async_wait([this](boost::system::error_code error, int number) {
    if (error) return;
    wait_for_signal();
    on_signal(number);
  });
}

void AgentProcess::on_signal(int number) {
  if (number == SIGHUP) {
    log_info("agent", "Caught: signal=hangup");
    agent_->loop().post([this] { agent_->loop().spawn("reload", reload_on_signal()); });
    return;
  }
  const bool interrupt = number == SIGINT;
  log_info("agent", "Caught: signal={}", interrupt ? "interrupt" : "terminated");
  if (ending_) {
    stop_log();
    std::_Exit(1);
  }
  const bool leave = interrupt ? !config_.skip_leave_on_interrupt : config_.leave_on_terminate;
  if (!leave) {
    end(false);
    return;
  }
  ending_ = true;
  main_.spawn("force end", force_end());
  agent_->loop().post([this] { agent_->loop().spawn("leave", leave_on_signal()); });
}

Task<void> AgentProcess::reload_on_signal() {
  auto done = co_await agent_->reload();
  if (!done) log_error("agent", "Failed to reload: {}", done.error().message);
}

/// A leave that fails is no graceful end, but an end it is.
Task<void> AgentProcess::leave_on_signal() {
  log_info("agent", "Gracefully shutting down agent...");
  auto done = co_await agent_->leave();
  if (done) co_return;
  log_error("agent", "Failed to leave: {}", done.error().message);
  main_.post([this] { end(false); });
}

void AgentProcess::end(bool graceful) {
  if (!std::exchange(ending_, true)) main_.spawn("force end", force_end());
  main_.spawn("shutdown", shut_down(graceful));
}

/// What this process was started for cannot be had.
void AgentProcess::give_up(const std::string& sentence) {
  log_error("agent", "{}", sentence);
  failure_ = sentence;
  if (!ending_) end(false);
}

Task<void> AgentProcess::force_end() {
  co_await sleep_for(main_, shutdown_max);
  log_error("agent", "Shutdown took too long: ending at once");
  stop_log();
  std::_Exit(1);
}

/// In reverse of the way up: nobody new comes in, who is in gets an answer, then the parts stop.
Task<void> AgentProcess::shut_down(bool graceful) {
  notify_systemd("STOPPING=1");
  log_info("agent", "Requesting shutdown");
  exit_code_ = graceful ? 0 : 1;
  co_await agent_->stop();
  co_await role_->stop_fronts(drain_max);
  role_->stop();
  // What was answered just now gets to its loops, so that no task is left between two of them.
  for (int turn = 0; turn < 3; ++turn) {
    co_await sleep_for(main_, std::chrono::milliseconds(5));
    co_await agent_->stop();
  }
  signals_.cancel();
  // While main still runs: who finds nobody there would take it for its own.
  agent_->join();
  role_->join();
  log_info("agent", "shutdown complete");
  main_.stop();
}

/// A new configuration is taken as a whole or not at all. Agent loop.
Result<AgentConfig> AgentProcess::load_checked() const {
  auto config = load_();
  if (!config) return config;
  if (auto options = router_options(*config); !options) return std::unexpected(options.error());
  return config;
}

/// Agent loop.
void AgentProcess::apply_reloaded(const AgentConfig& config) {
  if (auto level = parse_log_level(config.log_level)) set_log_level(*level);
  role_->reconfigure(config);
}

}  // namespace

Result<int> run_agent_process(AgentConfig config, std::function<Result<AgentConfig>()> load,
                              std::ostream& out) {
  CONCLAVE_TRY_ASSIGN(const LogLevel level, parse_log_level(config.log_level));
  start_log(level, config.log_json);
  auto ended = [&] {
    AgentProcess process(std::move(config), std::move(load), out);
    return process.run();
  }();
  stop_log();
  return ended;
}

}  // namespace conclave::cli
