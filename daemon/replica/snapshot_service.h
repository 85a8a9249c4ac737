#pragma once

/// What clients do with snapshots: save the state, put another in its place. And the server's half
/// of a restore command.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/core/result.h"
#include "base/run/loop.h"
#include "daemon/replica/replica.h"
#include "daemon/replica/restorer.h"
#include "daemon/replica/snapshot_transfer.h"
#include "daemon/snapshot/snapshots.h"
#include "daemon/store/store.h"

namespace conclave::daemon {

class SnapshotService final : public Restorer {
 public:
  /// All references outlive this object. `configuration`: the servers there are; `self`: this one.
  SnapshotService(Loop& main, Snapshots& snapshots, Store& store, Replica& replica,
                  std::function<raft::Configuration()> configuration, raft::NodeId self);

  SnapshotTransfer& transfer() { return transfer_; }

  struct Saved {
    std::string id;           ///< SHA-256 of the file.
    std::uint64_t index = 0;  ///< Of the last entry in it.
    std::uint64_t term = 0;
    std::uint64_t size = 0;
    std::string path;
    std::shared_ptr<void> hold;  ///< The file stays as long as this.
  };
  /// A snapshot of what is applied here when it is called. Any loop. ErrorCode::too_many while
  /// saves_max of them are being made or sent.
  Task<Result<Saved>> save();

  /// Where to write an upload, and the thread to do it on; for restore(). Any loop.
  std::string new_path() { return snapshots_.new_path(); }
  const std::string& directory() const { return snapshots_.directory(); }
  void on_worker(std::function<void()> work) { snapshots_.on_worker(std::move(work)); }
  /// Restores the snapshot in the file at `path`, which becomes this object's: looks at all of it,
  /// stores it on a majority, and proposes the command. Returns when it is carried out. Any loop.
  Task<Result<Outcome>> restore(std::string path, std::string id, std::uint64_t size);

  // Restorer
  void restore(const Restore& what, AppliedPosition position, std::uint64_t cluster_time_ms,
               std::function<void()> done) override;

 private:
  Task<Result<Saved>> save_on_main();
  Task<Result<Outcome>> restore_on_main(std::string path, std::string id, std::uint64_t size);
  Task<void> fetch_and_build(Restore what, AppliedPosition position, std::uint64_t cluster_time_ms,
                             std::function<void()> done);

  static constexpr unsigned saves_max = 8;

  Loop& main_;
  Snapshots& snapshots_;
  Store& store_;
  Replica& replica_;
  SnapshotTransfer transfer_;
  unsigned saves_ = 0;
  bool restoring_ = false;  ///< An upload of a client.
};

}  // namespace conclave::daemon
