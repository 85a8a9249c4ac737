#pragma once

/// The state on disk: one LMDB environment per generation, committed without syncing after each
/// batch of entries, made durable by a checkpoint every second or 16 MiB; the log replays what a
/// checkpoint does not hold (design section 5, docs/formats.md).
///
/// Threads: begin() and the write transaction belong to main; every other loop reads through its
/// own Reader; write-out and syncs run on the checkpoint thread that the store owns.

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>

#include "base/core/result.h"
#include "base/run/loop.h"
#include "base/run/metrics.h"
#include "daemon/store/rows.h"

namespace conclave::daemon {

struct StoreOptions {
  std::string directory;   ///< <data_dir>/state; created if missing.
  bool sync_full = false;  ///< storage.sync = full: every commit is synchronous.
  std::uint64_t map_bytes = 64ull << 30;
  std::uint32_t readers_max = 1024;
  std::uint64_t checkpoint_bytes = 16 << 20;
  std::uint32_t checkpoint_ms = 1000;  ///< 0 = only by bytes or start_checkpoint().
  /// Not 0: batches share one LMDB transaction, which is committed when somebody opens a snapshot,
  /// a checkpoint begins or this many bytes of rows were written. A page that several batches
  /// change is then written once. All readers must be main's, so that they cannot miss a batch.
  std::uint64_t shared_commit_bytes = 0;
  /// And no more than this while this server leads, because its clients wait for each commit. A
  /// follower's are waited for by nobody: another one makes the majority meanwhile.
  std::uint64_t leader_commit_bytes = std::numeric_limits<std::uint64_t>::max();
  /// Where write-out and syncs run; empty = a thread that the store owns. The crash explorer steps
  /// them by hand.
  std::function<void(std::function<void()>)> worker;
};

/// What the state has applied: written in the same LMDB transaction as its effects.
struct AppliedPosition {
  std::uint64_t index = 0;
  std::uint64_t term = 0;
  friend bool operator==(const AppliedPosition&, const AppliedPosition&) = default;
};

/// What a generation was built of, when it was a snapshot: where the log goes on.
struct Origin {
  AppliedPosition applied;
  std::string configuration;  ///< In force there, as in its log entry.
  friend bool operator==(const Origin&, const Origin&) = default;
};

/// A read-only view of one committed state. Lives at most 100 ms and never across a network write,
/// because an old reader keeps LMDB from reusing pages. Move-only; used on the loop that opened it.
class ReadSnapshot {
 public:
  /// What stands behind a snapshot. The store's own goes back to its Reader's pool; tests bring
  /// others.
  class Impl {
   public:
    virtual ~Impl() = default;
    virtual const ReadRows& rows() const = 0;
    virtual AppliedPosition applied() const = 0;
    /// The snapshot ends: deletes `self`, or keeps it for the next one.
    virtual void end(std::unique_ptr<Impl> self) { self.reset(); }
  };

  explicit ReadSnapshot(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
  ~ReadSnapshot() { end(); }
  ReadSnapshot(ReadSnapshot&&) noexcept = default;
  ReadSnapshot& operator=(ReadSnapshot&& other) noexcept {
    if (this != &other) {
      end();
      impl_ = std::move(other.impl_);
    }
    return *this;
  }

  const ReadRows& rows() const { return impl_->rows(); }
  AppliedPosition applied() const { return impl_->applied(); }

 private:
  void end() {
    if (Impl* impl = impl_.get()) impl->end(std::move(impl_));
  }

  std::unique_ptr<Impl> impl_;
};

/// A loop's door to the state: keeps reset read transactions for reuse.
class Reader {
 public:
  virtual ~Reader() = default;
  /// The newest committed state. Ends the process if all reader slots are taken.
  virtual ReadSnapshot open() = 0;
};

/// The write transaction of one apply batch.
class WriteBatch {
 public:
  virtual ~WriteBatch() = default;
  virtual Rows& rows() = 0;
  /// Commits rows and applied position together, so that every snapshot opened from now on shows
  /// them. A failure ends the process.
  virtual void commit(AppliedPosition applied) = 0;
};

class GenerationStore;

class Store {
 public:
  /// Opens the newest generation the same way on every start: put the checkpoint's meta pages back,
  /// fsync, open, pin. Errors: directory in use by another process, not writable, unknown format,
  /// both checkpoints unreadable (corrupt: rebuild). `main` need not run yet.
  static Result<std::unique_ptr<GenerationStore>> open(const StoreOptions& options, Loop& main,
                                                       Metrics& metrics);
  virtual ~Store() = default;

  virtual AppliedPosition applied() const = 0;
  /// At most one batch at a time; destroying it uncommitted drops its changes (with
  /// shared_commit_bytes, batches must be committed).
  virtual std::unique_ptr<WriteBatch> begin() = 0;
  /// Any thread (with shared_commit_bytes: main, as are the reader's uses). The reader keeps the
  /// environment open for as long as it lives; it opens nothing once the store is gone.
  virtual std::unique_ptr<Reader> make_reader() = 0;

  /// Whether this server leads from now on (not at first), for leader_commit_bytes. Main.
  virtual void lead(bool leads) = 0;

  /// Called on main after each durable checkpoint with the applied index it holds; the log may be
  /// cut up to there.
  virtual void on_checkpoint(std::function<void(AppliedPosition)> done) = 0;
  /// Begins a checkpoint of what is committed now, unless one is under way. The store does this by
  /// itself as options say.
  virtual void start_checkpoint() = 0;
  /// Takes a last checkpoint and waits for it; before shutdown, on main. Nothing may be begun
  /// afterwards.
  virtual void close() = 0;

  struct Usage {
    std::uint64_t data_bytes = 0;  ///< Pages in use × page size.
    std::uint64_t file_bytes = 0;
    std::uint64_t disk_free_bytes = 0;  ///< Of the file system.
    std::uint64_t rows = 0;
    std::uint64_t state_hash = 0;  ///< Order-free sum over all rows.
  };
  /// Main.
  virtual Usage usage() const = 0;
};

class GenerationBuilder;
struct OpenGeneration;

/// What snapshots need of a store besides: the whole of a state, and another in its place.
class GenerationStore : public Store {
 public:
  /// A committed state that any one thread may read and let go of, and which may live up to ten
  /// seconds: what a snapshot is written from. Main.
  struct Frozen {
    ReadSnapshot snapshot;
    AppliedPosition applied;
    std::uint64_t rows = 0;
    std::uint64_t state_hash = 0;
  };
  virtual Frozen freeze() = 0;

  /// The snapshot that the state was made of, as long as nothing was applied since.
  virtual std::optional<Origin> origin() const = 0;
  /// What to build another generation with (daemon/store/generation_builder.h), one at a time. Any
  /// thread.
  virtual Result<std::unique_ptr<GenerationBuilder>> begin_generation() = 0;
  /// The finished generation takes the place of the one that counts, for everybody who opens a
  /// snapshot from now on. Nothing was committed since its building began that it lacks. Main.
  virtual void adopt(OpenGeneration generation) = 0;
};

}  // namespace conclave::daemon
