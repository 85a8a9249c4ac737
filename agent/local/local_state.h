#pragma once

/// Services and checks of this host: the truth that the catalog is made to follow (contract 6.5).
/// Agent loop only.
///
/// Registrations are normalised, validated, written to the agent's files and then take effect; they
/// end in an Error with the contract's text and no effect otherwise. Who runs checks and who tells
/// the catalog listen here and are not known here.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/local/agent_files.h"
#include "agent/local/options.h"
#include "agent/rules/status.h"
#include "agent/rules/sync_image.h"
#include "agent/rules/sync_plan.h"
#include "agent/rules/validate.h"
#include "base/core/rng.h"
#include "base/run/clock.h"
#include "base/run/loop.h"
#include "base/run/waiter.h"

namespace conclave::agent {

/// Told about checks that come and go; runs them.
class CheckObserver {
 public:
  virtual ~CheckObserver() = default;
  /// A new check, or an existing one with a new definition. Its present status is in the local
  /// state.
  virtual void check_registered(const api::CheckDefinition& check) = 0;
  virtual void check_removed(const std::string& id) = 0;
};

/// Services and checks of configuration files, as decoded.
struct FileDefinitions {
  std::vector<api::ServiceDefinition> services;
  std::vector<api::CheckDefinition> checks;
};

class LocalState {
 public:
  struct ServiceRecord {
    api::ServiceDefinition definition;  ///< Without checks; they are records of their own.
    Origin origin = Origin::api;
  };
  struct CheckRecord {
    api::CheckDefinition definition;
    Origin origin = Origin::api;
    std::optional<Nanos> critical_since;  ///< Boot time.
    /// Of a TTL check whose state was taken over from before a restart, boot time.
    std::optional<Nanos> expires_at;
    /// Of a TTL check: what its file says, if that has the present status and output too; else 0.
    std::int64_t kept_expires_ns = 0;
  };

  LocalState(Loop& loop, const Clock& clock, LocalOptions options, Rng rng);

  /// nullptr = nobody. Set before anything is registered.
  void set_observer(CheckObserver* observer) { observer_ = observer; }

  /// Start-up: first the files' definitions, then what was registered over HTTP before, except
  /// where a file defines the same id. Checks are as they were when this agent was away for less
  /// than a minute, so that a restart of it is no event for others; else they begin anew.
  Result<void> load(const FileDefinitions& files);
  /// SIGHUP: all or nothing. What left the files is deregistered; what stays keeps its status.
  Result<void> reload(const FileDefinitions& files);
  /// Settings that a reload may change: node meta and addresses, script policy, output limits.
  void set_options(LocalOptions options);

  /// `replace_checks`: checks of that service that the definition does not name are removed.
  /// Otherwise they stay.
  Result<void> register_service(api::ServiceDefinition service, Origin origin,
                                bool replace_checks = false);
  Result<void> register_check(api::CheckDefinition check, Origin origin);
  /// With its checks. ErrorCode::not_found: `Unknown service ID "<id>". Ensure ...`.
  Result<void> remove_service(const std::string& id);
  /// ErrorCode::not_found: `Unknown check ID "<id>". Ensure ...`.
  Result<void> remove_check(const std::string& id);

  /// Maintenance is a critical check (contract 6.2). `service_id` "" = the node. Idempotent.
  Result<void> enable_maintenance(const std::string& service_id, std::string reason);
  Result<void> disable_maintenance(const std::string& service_id);

  /// A result. A changed status is told to the catalog at once, a changed output when
  /// check_update_interval says. Unknown ids are ignored: the check was removed while it ran. Says
  /// whether the status is another one.
  bool update_check(const std::string& id, CheckStatus status, std::string output);
  /// Keeps what a client said of a TTL check for a restart within its TTL.
  void keep_state(const std::string& id);
  /// From time to time, for a start to know how long this agent was away.
  void mark_alive() { files_.save_alive(clock_.boot_now()); }

  const LocalImage& image() const { return image_; }
  const std::map<std::string, ServiceRecord>& services() const { return services_; }
  const std::map<std::string, CheckRecord>& checks() const { return checks_; }
  const LocalOptions& options() const { return options_; }
  /// Checks of the node and of that service, as the catalog would show them.
  std::vector<api::HealthCheck> checks_of(const std::string& service_id) const;

  /// Woken at every change of anything above.
  Waiter& changes() { return changes_; }

  /// For agent/sync. What was sent is in sync unless it changed meanwhile.
  void reconcile_with(const CatalogImage& catalog);
  void service_sent(const api::NodeService& sent);
  void check_sent(const api::HealthCheck& sent);
  void node_sent(const api::Node& sent);
  void service_removal_sent(const std::string& id);
  void check_removal_sent(const std::string& id);
  /// Outputs whose time has come are out of sync from now on; when to look again, or nullopt.
  std::optional<Nanos> release_due_outputs();

 private:
  /// Where a definition comes from just now; data_dir is what `api` kept there before.
  enum class Source { api, file, data_dir };

  Result<void> check_service_exists(const api::CheckDefinition& check) const;
  Result<void> validate_files(FileDefinitions& files) const;
  Result<void> apply_files(const FileDefinitions& files);
  void load_persisted();
  Result<void> put_service(api::ServiceDefinition service, Source source);
  void set_service_row(const api::ServiceDefinition& service);
  Result<void> put_check(api::CheckDefinition check, Source source);
  void set_row(const api::CheckDefinition& check);
  bool was_alive_lately() const;
  void restore_state(CheckRecord& record, api::HealthCheck& row) const;
  void drop_check(const std::string& id);
  void remove_unnamed_checks(const api::ServiceDefinition& service);

  const Clock& clock_;
  LocalOptions options_;
  AgentFiles files_;
  Rng rng_;
  Waiter changes_;
  CheckObserver* observer_ = nullptr;
  LocalImage image_;
  std::map<std::string, ServiceRecord> services_;
  std::map<std::string, CheckRecord> checks_;
  bool resumes_ = false;  ///< While load() runs: how checks were is how they are.
  /// When deferred outputs are due, by check. An entry counts if its check still says that time.
  std::multimap<Nanos, std::string> due_outputs_;
};

}  // namespace conclave::agent
