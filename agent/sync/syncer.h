#pragma once

/// Anti-entropy: makes the catalog equal to the local state (contract 6.5). A full comparison at
/// start and about every minute, what changed at once, retries with a growing delay. One pass at a
/// time, so that the catalog sees changes in their order. Agent loop.

#include <cstdint>
#include <memory>

#include "agent/link/catalog_client.h"
#include "agent/local/local_state.h"
#include "agent/rules/sync_plan.h"
#include "agent/sync/options.h"
#include "base/core/rng.h"
#include "base/run/clock.h"
#include "base/run/loop.h"
#include "base/run/waiter.h"

namespace conclave::agent {

class Syncer {
 public:
  Syncer(Loop& loop, const Clock& clock, LocalState& local, CatalogClient& catalog,
         SyncOptions options, Rng rng);
  ~Syncer() { stop(); }
  Syncer(const Syncer&) = delete;
  Syncer& operator=(const Syncer&) = delete;

  /// Begins with a full sync.
  void start();
  void stop();

  /// A leader or a server has become reachable: a full sync now if there is something to tell, else
  /// within seconds.
  void sync_soon();

  /// Tells the catalog everything that changed here before this call; returns when that was tried.
  /// Failures are logged, and tried again by the loop.
  Task<void> push();
  /// Compares with the catalog and repairs it. True: all is in sync.
  Task<bool> full_sync();

 private:
  static Task<void> run(Syncer* self, std::shared_ptr<bool> stopped);
  Task<void> take_turn();
  void end_turn(std::uint64_t covers);
  Task<bool> pass();
  Task<Result<void>> carry_out(SyncOperation operation);
  Task<Result<void>> send_service(SyncOperation operation);
  Task<Result<void>> send_check(SyncOperation operation);
  Task<Result<void>> send_node();
  Task<Result<void>> send_removal(SyncOperation operation);
  Task<Result<void>> send(CatalogRegistration registration, std::string token);
  CatalogRegistration registration() const;
  void note_failure();

  Loop& loop_;
  const Clock& clock_;
  LocalState& local_;
  CatalogClient& catalog_;
  const SyncOptions options_;
  Rng rng_;
  Waiter turns_;
  bool busy_ = false;
  std::uint64_t requested_ = 0;  ///< Calls of push() so far,
  std::uint64_t completed_ = 0;  ///< and those that a pass has covered.
  std::uint32_t failures_ = 0;   ///< In a row.
  Nanos next_full_{};            ///< Boot time.
  std::size_t nodes_ = 0;        ///< As of the last full sync that succeeded; 0: none did.
  std::shared_ptr<bool> stopped_ = std::make_shared<bool>(false);
};

}  // namespace conclave::agent
