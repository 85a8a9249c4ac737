#include "cli/run/agent_process.h"

#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <optional>
#include <ostream>
#include <utility>
#include <vector>

#include "base/core/assert.h"
#include "base/run/log.h"
#include "base/run/metrics.h"
#include "base/run/sleep.h"
#include "cli/run/advertise.h"
#include "cli/run/agent_part.h"
#include "cli/run/data_dir.h"
#include "cli/run/front.h"
#include "cli/run/in_process_upstream.h"
#include "cli/run/listeners.h"
#include "cli/run/pid_file.h"
#include "cli/run/server_part.h"
#include "cli/run/surroundings.h"
#include "daemon/http/routes.h"

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
  void build_fronts(api::RouterOptions routes);
  void connect_parts();
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
  std::unique_ptr<ServerPart> server_;
  std::vector<std::unique_ptr<Front>> fronts_;
  std::optional<api::Router> upstream_router_;
  std::optional<InProcessUpstream> upstream_;
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
  server_->close();
  log_info("agent", "Exit code: code={}", exit_code_);
  if (!failure_.empty()) return fail(ErrorCode::failed, failure_);
  return exit_code_;
}

Result<void> AgentProcess::build() {
  if (!config_.server) {
    return fail(ErrorCode::bad_request,
                "an agent without a copy of the state comes later: add -server and -bootstrap, or "
                "use -dev to try it out");
  }
  CONCLAVE_TRY_ASSIGN(api::RouterOptions routes, router_options(config_));
  CONCLAVE_TRY_ASSIGN(const std::string address, advertised_address(config_));
  // The port is the first thing to be refused for: nothing on disk is touched before it is ours.
  CONCLAVE_TRY_ASSIGN(Listeners listeners, Listeners::open(config_));
  listeners_.emplace(std::move(listeners));
  CONCLAVE_TRY_ASSIGN(ClusterPorts ports, ClusterPorts::open(config_));
  CONCLAVE_TRY_ASSIGN(DataDir data_dir, config_.data_dir.empty()
                                            ? DataDir::temporary(config_.node_id)
                                            : DataDir::open(config_.data_dir, config_.node_id));
  data_dir_.emplace(std::move(data_dir));
  identity_ = {data_dir_->node_id(), address, data_dir_->path()};
  CONCLAVE_TRY_ASSIGN(
      server_, ServerPart::open(config_, identity_, std::move(ports), main_, clock_, metrics_,
                                [this](const std::string& sentence) { give_up(sentence); }));
  build_fronts(std::move(routes));
  agent_ = std::make_unique<AgentPart>(
      config_, identity_, main_, *server_, *upstream_, clock_, metrics_,
      AgentPart::Callbacks{.load = [this] { return load_checked(); },
                           .reloaded = [this](const AgentConfig& next) { apply_reloaded(next); },
                           .left = [this] { main_.post([this] { end(true); }); }});
  CONCLAVE_TRY(agent_->load());
  CONCLAVE_TRY_ASSIGN(PidFile pid_file, PidFile::write(config_.pid_file));
  pid_file_.emplace(std::move(pid_file));
  connect_parts();
  return {};
}

void AgentProcess::build_fronts(api::RouterOptions routes) {
  const FrontShared shared{main_,
                           server_->store(),
                           server_->replica(),
                           server_->leases(),
                           server_->membership(),
                           server_->rpc(),
                           clock_,
                           metrics_,
                           server_->snapshots(),
                           server_->keyring_changes(),
                           std::make_shared<const daemon::ServerSettings>(server_settings(config_)),
                           std::move(routes),
                           http_limits(config_),
                           config_.rpc_hold_timeout};
  if (config_.front_threads == 0) {
    fronts_.push_back(std::make_unique<Front>(&main_, "main", shared));
  }
  for (std::int64_t n = 0; n < config_.front_threads; ++n) {
    fronts_.push_back(std::make_unique<Front>(nullptr, "front" + std::to_string(n), shared));
  }
  upstream_router_.emplace(api::RouterOptions{});
  daemon::add_server_routes(*upstream_router_, fronts_.front()->context(),
                            fronts_.front()->operators());
  upstream_.emplace(fronts_.front()->loop(), *upstream_router_);
  daemon::serve_forwarded(server_->rpc_handlers(), *upstream_);
}

void AgentProcess::connect_parts() {
  for (const auto& front : fronts_) agent_->add_routes(front->router());
  server_->replica().on_changes([this](const std::shared_ptr<const daemon::ChangeSet>& changes) {
    for (const auto& front : fronts_) front->publish(changes);
  });
  server_->replica().on_leadership([this](bool leading) {
    if (!leading) return;
    log_info("server", "New leader elected: payload={}", config_.node_name);
    agent_->sync_soon();
  });
}

Result<void> AgentProcess::begin() {
  std::vector<std::vector<int>> sockets;
  for (std::size_t n = 0; n < fronts_.size(); ++n) {
    CONCLAVE_TRY_ASSIGN(auto copies, listeners_->duplicate());
    sockets.push_back(std::move(copies));
  }
  if (auto started = server_->start(); !started) {
    server_->stop();
    return started;
  }
  out_ << banner(config_, identity_, listeners_->addresses()) << "\n==> Consul agent running!\n"
       << "==> Log data will now stream in as it occurs:\n"
       << std::endl;
  for (const std::string& warning : config_.warnings) log_warn("agent", "{}", warning);
  if (server_->log_was_torn()) {
    log_info("raft", "the end of an unfinished write was cut off the log: nothing acknowledged");
  }
  wait_for_signal();
  main_.post([this, sockets = std::move(sockets)] {
    for (std::size_t n = 0; n < fronts_.size(); ++n) fronts_[n]->start(sockets[n]);
    agent_->start();
    main_.spawn("metrics", end_metric_intervals());
    notify_systemd("READY=1");
  });
  return {};
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
  for (const auto& front : fronts_) co_await front->stop(drain_max);
  server_->stop();
  // What was answered just now gets to its loops, so that no task is left between two of them.
  for (int turn = 0; turn < 3; ++turn) {
    co_await sleep_for(main_, std::chrono::milliseconds(5));
    co_await agent_->stop();
  }
  signals_.cancel();
  // While main still runs: who finds nobody there would take it for its own.
  agent_->join();
  for (const auto& front : fronts_) front->join();
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

/// Agent loop. What a front holds is exchanged on its own loop.
void AgentProcess::apply_reloaded(const AgentConfig& config) {
  if (auto level = parse_log_level(config.log_level)) set_log_level(*level);
  const auto settings = std::make_shared<const daemon::ServerSettings>(server_settings(config));
  const auto options = router_options(config);
  CONCLAVE_ASSERT_WHY(options.has_value(), "load_checked() looked at them");
  for (const auto& front : fronts_) front->reconfigure(settings, *options, http_limits(config));
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
