#pragma once

/// Runs every check of the local state that something can run, and takes the reports of TTL checks
/// (contract 7). Agent loop.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <variant>

#include "agent/checks/alias_check.h"
#include "agent/checks/periodic_runner.h"
#include "agent/checks/ttl_runner.h"
#include "agent/local/local_state.h"
#include "base/core/rng.h"
#include "base/net/tls_context.h"
#include "base/run/clock.h"
#include "base/run/loop.h"

namespace conclave::agent {

class CheckRunners final : public CheckObserver {
 public:
  /// Becomes the observer of `local`, which must outlive it. `lookup` serves alias checks of other
  /// nodes; none: they are critical.
  CheckRunners(Loop& loop, const Clock& clock, LocalState& local, NodeLookup lookup, Rng rng);
  ~CheckRunners() override;
  CheckRunners(const CheckRunners&) = delete;
  CheckRunners& operator=(const CheckRunners&) = delete;

  /// A TTL check's report. not_found for unknown checks; `CheckID "<id>" does not have associated
  /// TTL` (failed) for others that are no TTL checks. The output is cut to the limit.
  Result<void> report(const std::string& id, CheckStatus status, std::string output);

  /// Starts the sweep of services whose checks were critical for too long, every 30 s.
  void start_reaper();
  /// One sweep: a service goes with all its checks when one of them has been critical for longer
  /// than its DeregisterCriticalServiceAfter.
  void reap();

  /// How many there are of each, for agent/self.
  std::size_t monitors() const;
  std::size_t ttls() const;

  void stop();

  void check_registered(const api::CheckDefinition& check) override;
  void check_removed(const std::string& id) override;

 private:
  class AliasRunner;
  struct Entry {
    /// Shared with the runs under way.
    std::shared_ptr<const api::CheckDefinition> definition;
    std::variant<std::monostate, std::shared_ptr<PeriodicRunner>, std::shared_ptr<TtlRunner>,
                 std::shared_ptr<AliasRunner>>
        runner;
  };

  void start(Entry& entry);
  void start_ttl(Entry& entry);
  void start_periodic(Entry& entry, Probe probe, Nanos interval);
  Publish publisher(const std::string& id);
  std::shared_ptr<TlsContext> tls_of(const api::CheckDefinition& check) const;
  std::shared_ptr<TlsContext> h2_tls_of(const api::CheckDefinition& check) const;
  static Task<void> run_reaper(CheckRunners* self, std::shared_ptr<bool> stopped);
  static void stop(Entry& entry);

  Loop& loop_;
  const Clock& clock_;
  LocalState& local_;
  const NodeLookup lookup_;
  Rng rng_;
  /// One for all checks, so that the authorities are read once; the other for TLSSkipVerify.
  const std::shared_ptr<TlsContext> verifying_ = std::make_shared<TlsContext>();
  const std::shared_ptr<TlsContext> unverified_ =
      std::make_shared<TlsContext>(TlsOptions{.verify = false});
  /// The same for HTTP/2, which servers speak only to who offers it.
  const std::shared_ptr<TlsContext> h2_verifying_ =
      std::make_shared<TlsContext>(TlsOptions{.protocols = {"h2"}});
  const std::shared_ptr<TlsContext> h2_unverified_ =
      std::make_shared<TlsContext>(TlsOptions{.verify = false, .protocols = {"h2"}});
  std::map<std::string, Entry> entries_;
  /// Outlives this object in the reaper's frame.
  std::shared_ptr<bool> stopped_ = std::make_shared<bool>(false);
};

}  // namespace conclave::agent
