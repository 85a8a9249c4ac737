#include "agent/checks/check_runners.h"

#include <set>
#include <utility>

#include "agent/checks/docker_check.h"
#include "agent/checks/grpc_check.h"
#include "agent/checks/h2ping_check.h"
#include "agent/checks/http_check.h"
#include "agent/checks/os_service_check.h"
#include "agent/checks/script_check.h"
#include "agent/checks/tcp_check.h"
#include "agent/checks/udp_check.h"
#include "agent/rules/definitions.h"
#include "agent/rules/output.h"
#include "agent/rules/sync_timing.h"
#include "base/run/log.h"

namespace conclave::agent {

namespace {

constexpr Nanos reap_interval = std::chrono::seconds(30);
constexpr Nanos alias_interval = std::chrono::minutes(1);
/// Of other nodes nobody tells us when they change.
constexpr Nanos remote_alias_interval = std::chrono::seconds(10);
constexpr std::string_view expired_output = "TTL expired";

Thresholds thresholds_of(const api::CheckDefinition& check) {
  return {check.success_before_passing, check.failures_before_warning,
          check.failures_before_critical};
}

}  // namespace

/// Follows the local state.
class CheckRunners::AliasRunner : public std::enable_shared_from_this<AliasRunner> {
 public:
  AliasRunner(Loop& loop, LocalState& local, api::CheckDefinition check, Publish publish)
      : loop_(loop), local_(local), check_(std::move(check)), publish_(std::move(publish)) {}
  void start() { loop_.spawn("alias check", run(shared_from_this())); }
  void stop() { stopped_ = true; }

 private:
  static Task<void> run(std::shared_ptr<AliasRunner> self) {
    while (!self->stopped_) {
      self->publish_(judge_local_alias(self->local_, self->check_));
      co_await self->local_.changes().wait_for(alias_interval);
    }
  }

  Loop& loop_;
  LocalState& local_;
  const api::CheckDefinition check_;
  const Publish publish_;
  bool stopped_ = false;
};

CheckRunners::CheckRunners(Loop& loop, const Clock& clock, LocalState& local, NodeLookup lookup,
                           Rng rng)
    : loop_(loop), clock_(clock), local_(local), lookup_(std::move(lookup)), rng_(rng) {
  local_.set_observer(this);
}

CheckRunners::~CheckRunners() {
  local_.set_observer(nullptr);
  stop();
}

void CheckRunners::stop() {
  *stopped_ = true;
  for (auto& [id, entry] : entries_) stop(entry);
  entries_.clear();
}

void CheckRunners::stop(Entry& entry) {
  std::visit(
      [](auto& runner) {
        if constexpr (requires { runner->stop(); }) runner->stop();
      },
      entry.runner);
}

void CheckRunners::check_registered(const api::CheckDefinition& check) {
  const auto existing = entries_.find(check.id);
  if (existing != entries_.end()) {
    const bool ttl = std::holds_alternative<std::shared_ptr<TtlRunner>>(existing->second.runner);
    // A registration counts as a sign of life; for the others, what runs goes on.
    if (*existing->second.definition == check && !ttl) return;
    stop(existing->second);
  }
  Entry& entry = entries_[check.id];
  entry = {std::make_shared<const api::CheckDefinition>(check), {}};
  start(entry);
}

void CheckRunners::check_removed(const std::string& id) {
  const auto entry = entries_.find(id);
  if (entry == entries_.end()) return;
  stop(entry->second);
  entries_.erase(entry);
}

Publish CheckRunners::publisher(const std::string& id) {
  return [this, id](CheckResult result) {
    const CheckStatus status = result.status;
    const bool changed = local_.update_check(id, status, std::move(result.output));
    if (changed && status != CheckStatus::passing) {
      log_warn("agent", "Check is now {}: check={}", status_text(status), id);
    }
  };
}

std::shared_ptr<TlsContext> CheckRunners::tls_of(const api::CheckDefinition& check) const {
  return check.tls_skip_verify ? unverified_ : verifying_;
}

std::shared_ptr<TlsContext> CheckRunners::h2_tls_of(const api::CheckDefinition& check) const {
  return check.tls_skip_verify ? h2_unverified_ : h2_verifying_;
}

void CheckRunners::start(Entry& entry) {
  const std::shared_ptr<const api::CheckDefinition> check = entry.definition;
  const std::uint64_t limit =
      output_limit(check->output_max_size, local_.options().output_bytes_max);
  switch (check_type(*check)) {
    case CheckType::ttl:
      return start_ttl(entry);
    case CheckType::http:
      return start_periodic(
          entry,
          [this, check, limit] {
            return probe_http(loop_, check, limit, tls_of(*check),
                              local_.options().check_redirects_same_host);
          },
          check->interval);
    case CheckType::tcp:
      return start_periodic(
          entry, [this, check] { return probe_tcp(loop_, check, tls_of(*check)); },
          check->interval);
    case CheckType::udp:
      return start_periodic(
          entry, [this, check] { return probe_udp(loop_, *check); }, check->interval);
    case CheckType::grpc:
      return start_periodic(
          entry,
          [this, check, limit] { return probe_grpc(loop_, *check, limit, h2_tls_of(*check)); },
          check->interval);
    case CheckType::h2ping:
      return start_periodic(
          entry, [this, check] { return probe_h2ping(loop_, *check, h2_tls_of(*check)); },
          check->interval);
    case CheckType::os_service:
      return start_periodic(
          entry, [this, check] { return probe_os_service(loop_, *check); }, check->interval);
    case CheckType::script:
      return start_periodic(
          entry, [this, check, limit] { return probe_script(loop_, *check, limit); },
          check->interval);
    case CheckType::docker:
      return start_periodic(
          entry,
          [this, check, limit] { return probe_docker(loop_, *check, limit, docker_engine()); },
          check->interval);
    case CheckType::alias:
      break;
    case CheckType::none:
      return;  // Maintenance.
  }
  if (!alias_is_local(local_, *check)) {
    const NodeLookup lookup = lookup_;
    return start_periodic(
        entry, [lookup, check] { return probe_remote_alias(lookup, *check); },
        remote_alias_interval);
  }
  auto runner = std::make_shared<AliasRunner>(loop_, local_, *check, publisher(check->id));
  entry.runner = runner;
  runner->start();
}

void CheckRunners::start_ttl(Entry& entry) {
  const api::CheckDefinition& check = *entry.definition;
  std::string last = local_.image().checks.at(check.id).check.output;
  if (last.starts_with(expired_output)) last.clear();
  auto runner =
      std::make_shared<TtlRunner>(loop_, clock_, check.ttl, std::move(last), publisher(check.id));
  if (const auto expiry = local_.checks().at(check.id).expires_at) runner->expire_at(*expiry);
  entry.runner = runner;
  runner->start();
}

void CheckRunners::start_periodic(Entry& entry, Probe probe, Nanos interval) {
  const PeriodicRunner::Times times{initial_delay(interval, rng_.next()), interval};
  auto runner = std::make_shared<PeriodicRunner>(loop_, times, thresholds_of(*entry.definition),
                                                 std::move(probe), publisher(entry.definition->id));
  entry.runner = runner;
  runner->start();
}

Result<void> CheckRunners::report(const std::string& id, CheckStatus status, std::string output) {
  const auto entry = entries_.find(id);
  if (entry == entries_.end()) return unknown_check(id);
  auto* runner = std::get_if<std::shared_ptr<TtlRunner>>(&entry->second.runner);
  if (runner == nullptr) {
    return fail(ErrorCode::failed, "CheckID \"" + id + "\" does not have associated TTL");
  }
  const std::uint64_t limit =
      output_limit(entry->second.definition->output_max_size, local_.options().output_bytes_max);
  output = shorten_update(std::move(output), limit);
  (*runner)->renew(output);
  local_.update_check(id, status, std::move(output));
  local_.keep_state(id);
  return {};
}

void CheckRunners::start_reaper() { loop_.spawn("reaper", run_reaper(this, stopped_)); }

Task<void> CheckRunners::run_reaper(CheckRunners* self, std::shared_ptr<bool> stopped) {
  Loop& loop = self->loop_;
  while (!*stopped) {
    self->reap();
    self->local_.mark_alive();
    co_await sleep_for(loop, reap_interval);
  }
}

void CheckRunners::reap() {
  const Nanos now = clock_.boot_now();
  std::set<std::string> overdue;
  for (const auto& [id, record] : local_.checks()) {
    const Nanos allowed = record.definition.deregister_critical_service_after;
    if (allowed <= Nanos::zero() || !record.critical_since) continue;
    if (record.definition.service_id.empty() || now - *record.critical_since <= allowed) continue;
    log_info("agent",
             "Check for service has been critical for too long; deregistering service: "
             "service={} check={} timeout={}",
             record.definition.service_id, id, format_duration(allowed));
    overdue.insert(record.definition.service_id);
  }
  for (const std::string& service : overdue) {
    if (auto removed = local_.remove_service(service); !removed) {
      log_error("agent", "Failed to deregister service {}: {}", service, removed.error().message);
    }
  }
}

std::size_t CheckRunners::ttls() const {
  std::size_t count = 0;
  for (const auto& [id, entry] : entries_) {
    count += std::holds_alternative<std::shared_ptr<TtlRunner>>(entry.runner) ? 1 : 0;
  }
  return count;
}

std::size_t CheckRunners::monitors() const {
  std::size_t count = 0;
  for (const auto& [id, entry] : entries_) {
    count += check_type(*entry.definition) == CheckType::script ? 1 : 0;
  }
  return count;
}

}  // namespace conclave::agent
