#include "cli/run/watches.h"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <utility>

#include "base/run/log.h"
#include "base/run/process.h"
#include "base/run/sleep.h"
#include "cli/commands/child_command.h"
#include "cli/commands/watch.h"
#include "cli/commands/watch_follower.h"
#include "cli/commands/watch_types.h"
#include "cli/run/options.h"

namespace conclave::cli {
namespace {

/// A watch that is no more wanted lets go of its request after this.
constexpr Nanos wait_at_once = std::chrono::minutes(1);
/// Of what a handler says, for the log.
constexpr std::size_t output_bytes_max = 4096;

std::optional<std::string> environment(std::string_view name) {
  const char* value = std::getenv(std::string(name).c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

/// The definition as the flags of the command.
ParsedFlags flags_of(const WatchDefinition& watch) {
  std::vector<FlagValue> values = {{"type", watch.type}};
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) values.push_back({name, value});
  };
  add("key", watch.key);
  add("prefix", watch.prefix);
  add("service", watch.service);
  add("state", watch.state);
  add("name", watch.name);
  add("filter", watch.filter);
  for (const std::string& tag : watch.tag) add("tag", tag);
  if (watch.passing_only) add("passingonly", "true");
  return ParsedFlags(std::move(values), {}, false);
}

Result<WatchQuery> plan_of(const WatchDefinition& watch) {
  if (watch.type == "agent_service") return plan_agent_service(watch.service_id);
  return plan_watch(flags_of(watch));
}

std::string handler_name(const WatchDefinition& watch) {
  if (watch.handler_type == "http") return watch.http_handler_config->path;
  return watch.args.empty() ? watch.handler : watch.args.front();
}

}  // namespace

std::string own_http_url(const AgentConfig& config) {
  for (const std::string& address : config.http_addresses) {
    if (address.starts_with("unix://")) return address;
    if (config.ports.http <= 0) continue;
    std::string host = address;
    if (host == "0.0.0.0") host = "127.0.0.1";
    if (host == "::" || host == "[::]") host = "::1";
    return "http://" + join_host_port(host, config.ports.http);
  }
  return "";
}

class Watches::Watch {
 public:
  Watch(Loop& loop, const std::string& url, WatchDefinition definition, WatchQuery plan)
      : definition_(std::move(definition)),
        loop_(loop),
        client_(terminal_, {.base_url = url,
                            .token = definition_.token,
                            .datacenter = definition_.datacenter,
                            .stale = definition_.stale}),
        follower_({loop, terminal_, client_}, std::move(plan), wait_at_once) {}

  static Task<void> run(std::shared_ptr<Watch> self) {
    std::uint64_t failures = 0;
    while (!self->stopped_) {
      const auto news = co_await self->follower_.next();
      if (self->stopped_) co_return;
      if (news) {
        failures = 0;
        co_await self->handle(*news);
        continue;
      }
      const Nanos pause = watch_retry_pause(++failures);
      log_error("agent", "Watch (type: {}) errored: {}, retry in {}", self->definition_.type,
                news.error().message, format_duration(pause));
      co_await sleep_for(self->loop_, pause);
    }
  }

  void stop() { stopped_ = true; }
  void end_handler() {
    if (child_ != nullptr) child_->send_signal(SIGTERM);
  }
  const WatchDefinition& definition() const { return definition_; }

 private:
  Task<void> handle(WatchFollower::News news) {
    if (definition_.handler_type == "http") return call_handler(std::move(news));
    return run_handler(std::move(news));
  }

  Task<void> run_handler(WatchFollower::News news) {
    ProcessOptions process;
    process.argv = definition_.args.empty() ? child_argv({definition_.handler}, true, terminal_)
                                            : definition_.args;
    process.environment = {"CONSUL_INDEX=" + std::to_string(news.index)};
    process.input = news.json + "\n";
    process.output_max = output_bytes_max;
    auto child = Process::start(loop_, std::move(process));
    if (!child) co_return complain(child.error().message);
    child_ = &*child;
    const ProcessResult result = co_await child->wait();
    child_ = nullptr;
    log_debug("agent", "watch handler output: watch_handler={} output={}",
              handler_name(definition_), result.output);
    const std::string end = describe_end(result);
    if (!end.empty() && !stopped_) complain(end);
  }

  Task<void> call_handler(WatchFollower::News news) {
    const WatchHttpHandler& handler = *definition_.http_handler_config;
    api::ClientRequest request;
    request.method = handler.method;
    request.url = handler.path;
    request.timeout = handler.timeout;
    request.headers = {{"Content-Type", "application/json"},
                       {"X-Consul-Index", std::to_string(news.index)}};
    for (const auto& [name, values] : handler.header) {
      for (const std::string& value : values) request.headers.push_back({name, value});
    }
    request.body = news.json + "\n";
    request.body_bytes_max = output_bytes_max;
    if (handler.tls_skip_verify) {
      request.tls = std::make_shared<TlsContext>(TlsOptions{.verify = false});
    }
    const auto answer = co_await api::http_call(loop_, std::move(request));
    if (!answer) co_return complain(answer.error().message);
    log_debug("agent", "watch handler output: watch_handler={} output={}", handler.path,
              answer->body);
    if (answer->status < 200 || answer->status > 299) {
      complain(fmt::format("it answered {} {}", answer->status, answer->reason));
    }
  }

  void complain(const std::string& why) const {
    log_error("agent", "Failed to run watch handler: watch_handler={} error={}",
              handler_name(definition_), why);
  }

  const WatchDefinition definition_;
  Loop& loop_;
  Terminal terminal_{std::cin, std::cout, std::cerr, environment, {}};
  AgentClient client_;
  WatchFollower follower_;
  Process* child_ = nullptr;  ///< While it runs.
  bool stopped_ = false;
};

Watches::~Watches() = default;

void Watches::follow(const std::vector<WatchDefinition>& definitions) {
  std::vector<std::shared_ptr<Watch>> before = std::move(watches_);
  watches_.clear();
  if (url_.empty() && !definitions.empty()) {
    log_error("agent", "watches are not followed: they need an address for HTTP");
  }
  for (const WatchDefinition& definition : definitions) {
    if (url_.empty()) break;
    const auto same = std::ranges::find_if(
        before, [&](const auto& watch) { return watch->definition() == definition; });
    if (same != before.end()) {
      watches_.push_back(std::move(*same));
      before.erase(same);
      continue;
    }
    auto plan = plan_of(definition);
    if (!plan) {
      log_error("agent", "Watch (type: {}) errored: {}", definition.type, plan.error().message);
      continue;
    }
    watches_.push_back(std::make_shared<Watch>(loop_, url_, definition, std::move(*plan)));
    loop_.spawn("watch", Watch::run(watches_.back()));
  }
  for (const auto& watch : before) watch->stop();
}

void Watches::stop() {
  for (const auto& watch : watches_) {
    watch->stop();
    watch->end_handler();
  }
}

}  // namespace conclave::cli
