#pragma once

/// This server's snapshots: raft::SnapshotPort over files and the store, and the same for whoever
/// else needs one (GET /v1/snapshot, restore). All calls and completions are main's; everything
/// that touches the disk runs on the snapshot thread, piece by piece, so that a chunk is read
/// between two pieces of another snapshot that is being written.
///
/// Files under <data_dir>/snapshots: whole ones are kept while somebody holds them, and the newest
/// two besides; one is being written and one received at a time.

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/core/result.h"
#include "base/run/loop.h"
#include "base/run/metrics.h"
#include "daemon/snapshot/generation_build.h"
#include "daemon/snapshot/reception.h"
#include "daemon/snapshot/snapshot_files.h"
#include "daemon/snapshot/snapshot_writer.h"
#include "daemon/store/step_thread.h"
#include "daemon/store/store.h"
#include "raft/core/ports.h"

namespace conclave::daemon {

struct SnapshotOptions {
  std::string directory;  ///< <data_dir>/snapshots; created if missing.
  std::size_t kept_max = 2;
  /// Part of the time that writing a snapshot leaves to others, of 10: it shares processor and disk
  /// with those who are waiting for an answer.
  unsigned rest_tenths = 3;
  /// Where the work runs; empty = a thread of its own. Tests step it by hand.
  StepThread::Hand worker;
};

class Snapshots final : public raft::SnapshotPort {
 public:
  static Result<std::unique_ptr<Snapshots>> open(const SnapshotOptions& options, Loop& main,
                                                 Metrics& metrics, GenerationStore& store);
  /// Waits for the step that runs.
  ~Snapshots() override;

  /// What was being received when this server stopped: for raft::InitialState.
  const std::optional<raft::PartialSnapshot>& partial() const { return partial_; }
  /// Raft's configuration at an applied index; set before anything is made.
  void set_configuration_at(std::function<raft::Configuration(raft::Index)> configuration_at) {
    configuration_at_ = std::move(configuration_at);
  }
  /// Called after a snapshot was installed, before its `installed`: who reads is to look again.
  void on_installed(std::function<void()> listener) { installed_ = std::move(listener); }

  // raft::SnapshotPort. made() holds the snapshot until release().
  void make(std::function<void(Result<raft::SnapshotMeta>)> made) override;
  void read(const std::string& id, std::uint64_t offset, std::uint64_t bytes_max,
            std::function<void(Result<std::string>)> done) override;
  void release(const std::string& id) override;
  void store(const raft::SnapshotChunk& chunk, std::function<void(Result<void>)> stored) override;
  void install(const raft::SnapshotMeta& snapshot, std::function<void()> installed) override;

  /// Builds the generation at `position` and puts it in place; nothing may be applied until `done`.
  /// One at a time, the others wait; one that would go back by then is left out. A failure ends the
  /// process, as it does in install().
  void build(AppliedPosition position, std::function<Result<GenerationPlan>()> plan,
             std::function<void()> done);

  std::string path(const std::string& id) const { return snapshot_path(options_.directory, id); }
  const std::string& directory() const { return options_.directory; }
  /// The file is there under its name.
  bool has(const std::string& id) const;
  /// Keeps it until release(); it need not be there yet.
  void hold(const std::string& id) { ++holds_[id]; }
  /// A file that is whole, synced and verified, put under its name by somebody else.
  void added(const std::string& id, std::uint64_t index);
  /// Runs on the snapshot thread.
  void on_worker(std::function<void()> work) { thread_.post(std::move(work)); }
  /// For a file that somebody writes into the directory; removed by the next start.
  std::string new_path() { return new_snapshot_path(options_.directory, ++last_new_); }

 private:
  using Made = std::function<void(Result<raft::SnapshotMeta>)>;
  struct Making {
    std::shared_ptr<SnapshotWriter> writer;
    std::string path;
    raft::SnapshotMeta meta;
    Nanos began{};
  };

  Snapshots(const SnapshotOptions& options, Loop& main, Metrics& metrics, GenerationStore& store,
            std::vector<KeptSnapshot> kept, std::optional<raft::PartialSnapshot> partial);
  void begin_making();
  void write_some(Making making);
  void finish_making(Result<raft::SnapshotMeta> made);
  void begin_next_build();
  void begin_building(AppliedPosition position, std::function<Result<GenerationPlan>()> plan,
                      std::function<void()> done);
  void build_some(const std::shared_ptr<GenerationBuild>& build, std::function<void()> done);
  void set_received(const std::string& id);
  void remove_surplus();
  /// Runs on main, unless this object is gone by then.
  void to_main(std::function<void()> work);

  const SnapshotOptions options_;
  Loop& main_;
  GenerationStore& store_;
  std::function<raft::Configuration(raft::Index)> configuration_at_;
  std::function<void()> installed_;
  const std::optional<raft::PartialSnapshot> partial_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);

  std::vector<KeptSnapshot> kept_;  ///< Newest first.
  std::map<std::string, unsigned> holds_;
  std::string received_;                           ///< Whole and not installed yet: held.
  std::optional<raft::SnapshotMeta> newest_made_;  ///< In this run: known to be what it says.
  std::deque<Made> making_;                        ///< Get the one that is being written.
  std::deque<Made> waiting_;                       ///< Came later: get the next.
  std::atomic<std::uint64_t> last_new_ = 0;
  bool building_ = false;
  std::deque<std::function<void()>> builds_;  ///< To be begun.

  Histogram& write_duration_;
  Histogram& build_duration_;
  Reception reception_;  ///< The snapshot thread's.
  StepThread thread_;    ///< Ends before what it works on.
};

/// Where the log belongs if the state is what a snapshot held and no more: for raft::Wal::open().
Result<std::optional<raft::LogBase>> installed_base(const GenerationStore& store);

}  // namespace conclave::daemon
