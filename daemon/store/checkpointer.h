#pragma once

/// Takes checkpoints: the three steps of docs/formats.md 3.2, of which the first and the last are
/// main's and the middle one is the checkpoint thread's. Main goes on committing during all of
/// them.

#include <atomic>
#include <functional>
#include <memory>
#include <optional>

#include "base/run/loop.h"
#include "base/run/metrics.h"
#include "daemon/store/checkpoint_file.h"
#include "daemon/store/generation.h"

namespace conclave::daemon {

/// Deliberate mistakes, for the crash explorer, which has to notice each of them. Never set
/// otherwise.
struct CheckpointMutant {
  bool drop_pin_first = false;  ///< Ends the previous pin in step 1 rather than in step 3.
};

class Checkpointer {
 public:
  using Worker = std::function<void(std::function<void()>)>;

  /// Takes over the generation's pin; its steps run on `worker`, in order. All members are main's
  /// unless they say otherwise.
  Checkpointer(bool sync_full, Worker worker, Loop& main, Metrics& metrics, OpenGeneration& open);
  ~Checkpointer();
  Checkpointer(const Checkpointer&) = delete;
  Checkpointer& operator=(const Checkpointer&) = delete;

  /// Step 1, unless a checkpoint is under way: then another one follows it.
  void start();
  bool in_flight() const { return in_flight_.has_value(); }
  /// Called on main after step 3.
  std::function<void(AppliedPosition)> done;

  /// Begins to write out what is dirty now, so that little is left for the sync of the next
  /// checkpoint.
  void start_write_out();

  /// Finishes what is under way, and takes a last checkpoint on the calling thread. The worker has
  /// ended.
  void close();
  /// Another generation has taken the place of this one: nothing new is begun. It may be destroyed
  /// once it is_idle() and the worker has done what it was given before.
  void retire();
  bool is_idle() const { return !in_flight_ && !writing_out_; }

  static CheckpointMutant mutant;

 private:
  void begin();
  void run_on_worker(std::function<void()> step);
  void write_out();
  void write_out_pages() const;
  void write_file();
  void sync_file();
  void finish();
  void die_of(const Error& error) const;
  void report_oldest_reader();

  Loop& main_;
  const bool sync_full_;
  const std::shared_ptr<Environment> environment_;
  const std::string directory_;
  const std::uint64_t generation_;
  Worker worker_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  ///< For what is posted to main.

  MDB_txn* pin_;
  MDB_txn* new_pin_ = nullptr;
  std::uint64_t sequence_;
  /// Main writes it in begin() and finish(); the checkpoint thread reads it in between.
  std::optional<Checkpoint> in_flight_;
  bool wanted_ = false;                    ///< Another checkpoint was asked for meanwhile.
  std::atomic<bool> writing_out_ = false;  ///< Set on main, cleared on the checkpoint thread.
  Nanos began_{};

  Histogram& duration_;
  Gauge& oldest_reader_;
};

}  // namespace conclave::daemon
