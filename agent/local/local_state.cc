#include "agent/local/local_state.h"

#include <algorithm>
#include <set>
#include <utility>

#include "agent/rules/definitions.h"
#include "agent/rules/status.h"
#include "agent/rules/sync_timing.h"
#include "base/run/log.h"

namespace conclave::agent {

namespace {

/// So long an agent may be away for its checks to go on as they were.
constexpr Nanos absence_max = std::chrono::minutes(1);

bool is_critical(const api::HealthCheck& row) {
  return parse_status(row.status) == CheckStatus::critical;
}

}  // namespace

LocalState::LocalState(Loop& loop, const Clock& clock, LocalOptions options, Rng rng)
    : clock_(clock),
      options_(std::move(options)),
      files_(options_.data_dir),
      rng_(rng),
      changes_(loop) {
  image_.node = options_.node;
}

void LocalState::set_options(LocalOptions options) {
  if (image_.node != options.node) {
    image_.node = options.node;
    image_.node_in_sync = false;
  }
  // The data directory is where it was at start-up.
  options.data_dir = options_.data_dir;
  options_ = std::move(options);
  changes_.notify_all();
}

Result<void> LocalState::register_service(api::ServiceDefinition service, Origin origin,
                                          bool replace_checks) {
  normalise(service);
  CONCLAVE_TRY(validate_service(service));
  for (const api::CheckDefinition& check : service.checks) {
    CONCLAVE_TRY(scripts_allowed(check, options_.scripts, origin));
  }
  const Source source = origin == Origin::api ? Source::api : Source::file;
  CONCLAVE_TRY(put_service(service, source));
  for (const api::CheckDefinition& check : service.checks) CONCLAVE_TRY(put_check(check, source));
  if (replace_checks) remove_unnamed_checks(service);
  changes_.notify_all();
  return {};
}

Result<void> LocalState::put_service(api::ServiceDefinition service, Source source) {
  const std::string id = service.id;
  service.checks.clear();  // Records of their own.
  if (source == Source::api) CONCLAVE_TRY(files_.save(service));
  if (source == Source::file) CONCLAVE_TRY(files_.remove_service(id));
  if (!is_dns_safe(service.name)) {
    log_warn("agent", "Service name will not be discoverable via DNS: service={}", service.name);
  }
  set_service_row(service);
  image_.removed_services.erase(id);
  services_[id] = {std::move(service), source == Source::file ? Origin::file : Origin::api};
  for (auto& [check_id, record] : checks_) {
    if (record.definition.service_id == id) set_row(record.definition);
  }
  return {};
}

void LocalState::set_service_row(const api::ServiceDefinition& service) {
  api::NodeService wanted = catalog_service(service);
  const auto before = services_.find(service.id);
  const bool retagged = before != services_.end() && before->second.definition.tags != service.tags;
  LocalService& row = image_.services[service.id];
  // Tags that others set in the catalog stay when the same definition is registered again; new tags
  // are meant.
  if (before != services_.end() && !retagged && wanted.enable_tag_override &&
      row.service.enable_tag_override) {
    wanted.tags = row.service.tags;
  }
  if (row.service == wanted && row.token == service.token) return;
  const bool unsent = row.tags_unsent || retagged;
  row = {std::move(wanted), service.token, unsent};
  image_.unsynced_services.insert(service.id);
}

void LocalState::remove_unnamed_checks(const api::ServiceDefinition& service) {
  std::set<std::string> named;
  for (const api::CheckDefinition& check : service.checks) named.insert(check.id);
  std::vector<std::string> unnamed;
  for (const auto& [id, record] : checks_) {
    if (record.definition.service_id == service.id && !named.contains(id)) unnamed.push_back(id);
  }
  for (const std::string& id : unnamed) drop_check(id);
}

Result<void> LocalState::check_service_exists(const api::CheckDefinition& check) const {
  if (check.service_id.empty() || services_.contains(check.service_id)) return {};
  return fail(ErrorCode::not_found, "ServiceID \"" + check.service_id + "\" does not exist");
}

Result<void> LocalState::register_check(api::CheckDefinition check, Origin origin) {
  normalise(check);
  CONCLAVE_TRY(validate_check(check));
  CONCLAVE_TRY(check_service_exists(check));
  CONCLAVE_TRY(scripts_allowed(check, options_.scripts, origin));
  CONCLAVE_TRY(put_check(std::move(check), origin == Origin::api ? Source::api : Source::file));
  changes_.notify_all();
  return {};
}

Result<void> LocalState::put_check(api::CheckDefinition check, Source source) {
  if (source == Source::api) CONCLAVE_TRY(files_.save(check));
  if (source == Source::file) CONCLAVE_TRY(files_.remove_check(check.id));
  const std::string id = check.id;
  CheckRecord& record = checks_[id];
  record.definition = std::move(check);
  record.origin = source == Source::file ? Origin::file : Origin::api;
  record.expires_at.reset();
  set_row(record.definition);
  image_.removed_checks.erase(id);
  if (source != Source::data_dir && !record.expires_at) keep_state(id);
  if (observer_ != nullptr) observer_->check_registered(record.definition);
  return {};
}

void LocalState::set_row(const api::CheckDefinition& check) {
  const auto service = image_.services.find(check.service_id);
  api::HealthCheck wanted =
      catalog_check(check, image_.node.node,
                    service == image_.services.end() ? nullptr : &service->second.service);
  CheckRecord& record = checks_.at(check.id);
  const auto existing = image_.checks.find(check.id);
  if (existing != image_.checks.end()) {
    // Contract trap 20: registering again must not make a healthy check flap.
    wanted.status = existing->second.check.status;
    wanted.output = existing->second.check.output;
  } else {
    restore_state(record, wanted);
  }
  if (!is_critical(wanted)) {
    record.critical_since.reset();
  } else if (!record.critical_since) {
    record.critical_since = clock_.boot_now();
  }
  LocalCheck& row = image_.checks[check.id];
  if (row.check == wanted && row.token == check.token) return;
  row = {wanted, check.token, {}};
  image_.unsynced_checks.insert(check.id);
}

/// After a restart of the machine the boot-time clock begins anew, and what ran there may not.
bool LocalState::was_alive_lately() const {
  const std::optional<Nanos> alive = files_.load_alive();
  const Nanos now = clock_.boot_now();
  return alive && *alive <= now && now - *alive <= absence_max;
}

void LocalState::restore_state(CheckRecord& record, api::HealthCheck& row) const {
  const api::CheckDefinition& check = record.definition;
  const bool has_ttl = check_type(check) == CheckType::ttl;
  if (!has_ttl && !resumes_) return;
  const std::optional<CheckState> state = files_.load_state(check.id);
  if (!state || !parse_status(state->status)) return;
  if (has_ttl) {
    const Nanos left = Nanos(state->expires_ns) - clock_.wall_now();
    // More than a whole TTL left: the wall clock was set back, and nothing is known.
    if (left <= Nanos::zero() || left > check.ttl) return;
    record.expires_at = clock_.boot_now() + left;
  }
  row.status = state->status;
  row.output = state->output;
}

void LocalState::keep_state(const std::string& id) {
  const auto row = image_.checks.find(id);
  if (row == image_.checks.end()) return;
  CheckRecord& record = checks_.at(id);
  const CheckType type = check_type(record.definition);
  if (type == CheckType::none) return;  // Maintenance is its definition.
  const bool has_ttl = type == CheckType::ttl;
  const std::int64_t expires =
      has_ttl ? (clock_.wall_now() + record.definition.ttl).count() : std::int64_t{0};
  // What the file says already can be extended, not shortened: by a clock that was set back, or a
  // shorter TTL.
  const bool extends = record.kept_expires_ns != 0 && expires >= record.kept_expires_ns;
  if (extends && files_.extend_state(id, expires)) return;
  const bool kept =
      files_.save(CheckState{id, row->second.check.status, row->second.check.output, expires});
  record.kept_expires_ns = kept ? expires : 0;
}

Result<void> LocalState::remove_service(const std::string& id) {
  const auto service = services_.find(id);
  if (service == services_.end()) return unknown_service(id);
  CONCLAVE_TRY(files_.remove_service(id));
  std::vector<std::string> owned;
  for (const auto& [check_id, record] : checks_) {
    if (record.definition.service_id == id) owned.push_back(check_id);
  }
  for (const std::string& check_id : owned) drop_check(check_id);
  image_.removed_services[id] = service->second.definition.token;
  image_.services.erase(id);
  image_.unsynced_services.erase(id);
  services_.erase(service);
  changes_.notify_all();
  return {};
}

Result<void> LocalState::remove_check(const std::string& id) {
  if (!checks_.contains(id)) return unknown_check(id);
  drop_check(id);
  changes_.notify_all();
  return {};
}

void LocalState::drop_check(const std::string& id) {
  const auto record = checks_.find(id);
  if (auto removed = files_.remove_check(id); !removed) {
    log_error("agent", "Check {} will come back at the next start: {}", id,
              removed.error().message);
  }
  files_.remove_state(id);
  image_.removed_checks[id] = {record->second.definition.service_id,
                               record->second.definition.token};
  image_.checks.erase(id);
  image_.unsynced_checks.erase(id);
  checks_.erase(record);
  if (observer_ != nullptr) observer_->check_removed(id);
}

bool LocalState::update_check(const std::string& id, CheckStatus status, std::string output) {
  const auto it = image_.checks.find(id);
  if (it == image_.checks.end()) return false;
  LocalCheck& row = it->second;
  if (options_.discard_check_output) output.clear();
  const bool same_status = row.check.status == status_text(status);
  if (same_status && row.check.output == output) return false;
  row.check.output = std::move(output);
  CheckRecord& record = checks_.at(id);
  record.kept_expires_ns = 0;
  if (same_status && options_.check_update_interval > Nanos::zero()) {
    if (!image_.unsynced_checks.contains(id) && !row.output_due) {
      row.output_due =
          clock_.boot_now() + output_delay(options_.check_update_interval, rng_.next());
      due_outputs_.emplace(*row.output_due, id);
    }
  } else {
    image_.unsynced_checks.insert(id);
    row.output_due.reset();
  }
  if (!same_status) {
    row.check.status = status_text(status);
    record.critical_since.reset();
    if (status == CheckStatus::critical) record.critical_since = clock_.boot_now();
    // What is said of a TTL check is kept with the time when it was said.
    if (check_type(record.definition) != CheckType::ttl) keep_state(id);
  }
  changes_.notify_all();
  return !same_status;
}

std::vector<api::HealthCheck> LocalState::checks_of(const std::string& service_id) const {
  std::vector<api::HealthCheck> found;
  for (const auto& [id, row] : image_.checks) {
    if (row.check.service_id.empty() || row.check.service_id == service_id) {
      found.push_back(row.check);
    }
  }
  return found;
}

}  // namespace conclave::agent
