// LocalState at start-up and reload: definition files and what was registered over HTTP before.

#include <set>
#include <utility>

#include "agent/local/local_state.h"
#include "agent/rules/definitions.h"
#include "base/run/log.h"

namespace conclave::agent {

namespace {

std::unexpected<Error> in_service(const api::ServiceDefinition& service, const Error& error) {
  return fail("Failed to register service \"" + service.name + "\"", error);
}

std::unexpected<Error> in_check(const api::CheckDefinition& check, const Error& error) {
  return fail("Failed to register check \"" + check.name + "\"", error);
}

struct Ids {
  std::set<std::string> services;
  std::set<std::string> checks;
};

Ids ids_of(const FileDefinitions& files) {
  Ids ids;
  for (const api::ServiceDefinition& service : files.services) {
    ids.services.insert(service.id);
    for (const api::CheckDefinition& check : service.checks) ids.checks.insert(check.id);
  }
  for (const api::CheckDefinition& check : files.checks) ids.checks.insert(check.id);
  return ids;
}

}  // namespace

Result<void> LocalState::validate_files(FileDefinitions& files) const {
  std::set<std::string> known;
  for (const auto& [id, record] : services_) {
    if (record.origin == Origin::api) known.insert(id);
  }
  for (api::ServiceDefinition& service : files.services) {
    normalise(service);
    if (auto valid = validate_service(service); !valid) return in_service(service, valid.error());
    for (const api::CheckDefinition& check : service.checks) {
      auto allowed = scripts_allowed(check, options_.scripts, Origin::file);
      if (!allowed) return in_service(service, allowed.error());
    }
    known.insert(service.id);
  }
  for (api::CheckDefinition& check : files.checks) {
    normalise(check);
    auto valid = validate_check(check);
    if (valid) valid = scripts_allowed(check, options_.scripts, Origin::file);
    if (valid && !check.service_id.empty() && !known.contains(check.service_id)) {
      valid = fail(ErrorCode::bad_request, "ServiceID \"" + check.service_id + "\" does not exist");
    }
    if (!valid) return in_check(check, valid.error());
  }
  return {};
}

Result<void> LocalState::apply_files(const FileDefinitions& files) {
  for (const api::ServiceDefinition& service : files.services) {
    auto done = register_service(service, Origin::file);
    if (!done) return in_service(service, done.error());
  }
  for (const api::CheckDefinition& check : files.checks) {
    auto done = register_check(check, Origin::file);
    if (!done) return in_check(check, done.error());
  }
  return {};
}

Result<void> LocalState::load(const FileDefinitions& files) {
  CONCLAVE_TRY(files_.create_directories());
  FileDefinitions checked = files;
  // A file's check may belong to a service that was registered over HTTP, so those services come
  // first; put_check() and register_service() let the file's definition win.
  resumes_ = was_alive_lately();
  load_persisted();
  CONCLAVE_TRY(validate_files(checked));
  CONCLAVE_TRY(apply_files(checked));
  resumes_ = false;
  mark_alive();
  return {};
}

void LocalState::load_persisted() {
  const auto skipped = [](std::string_view what, const std::string& id, const Result<void>& done) {
    if (!done) {
      log_error("agent", "Skipped {} {} of the data directory: {}", what, id, done.error().message);
    }
  };
  for (api::ServiceDefinition& service : files_.load_services()) {
    const std::string id = service.id;
    Result<void> done = validate_service(service);
    if (done) done = put_service(std::move(service), Source::data_dir);
    skipped("service", id, done);
  }
  for (api::CheckDefinition& check : files_.load_checks()) {
    const std::string id = check.id;
    const bool maintenance = check_type(check) == CheckType::none;
    // A first status is that of the registration; how it was later is kept apart.
    if (!maintenance) check.status.clear();
    Result<void> done = check_service_exists(check);
    if (done && !maintenance) done = validate_check(check);
    if (done) done = scripts_allowed(check, options_.scripts, Origin::api);
    if (done) done = put_check(std::move(check), Source::data_dir);
    skipped("check", id, done);
  }
}

Result<void> LocalState::reload(const FileDefinitions& files) {
  FileDefinitions checked = files;
  CONCLAVE_TRY(validate_files(checked));
  const Ids wanted = ids_of(checked);
  std::vector<std::string> gone;
  for (const auto& [id, record] : services_) {
    if (record.origin == Origin::file && !wanted.services.contains(id)) gone.push_back(id);
  }
  for (const std::string& id : gone) CONCLAVE_TRY(remove_service(id));
  gone.clear();
  for (const auto& [id, record] : checks_) {
    if (record.origin == Origin::file && !wanted.checks.contains(id)) gone.push_back(id);
  }
  for (const std::string& id : gone) CONCLAVE_TRY(remove_check(id));
  return apply_files(checked);
}

}  // namespace conclave::agent
