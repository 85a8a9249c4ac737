#pragma once

/// The state on disk: one LMDB environment per generation, committed without syncing after each batch of entries, made durable by a
/// checkpoint every second or 16 MiB; the log replays what a checkpoint does not hold (design section 5, docs/formats.md).
///
/// Threads: begin() and the write transaction belong to main; every other loop reads through its own Reader; write-out and syncs
/// run on the checkpoint thread that the store owns.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/core/result.h"
#include "base/run/loop.h"
#include "base/run/metrics.h"
#include "daemon/store/rows.h"

namespace conclave::daemon {

struct StoreOptions {
  std::string directory;              ///< <data_dir>/state; created if missing.
  bool sync_full = false;             ///< storage.sync = full: every commit is synchronous.
  std::uint64_t map_bytes = 64ull << 30;
  std::uint32_t readers_max = 1024;
  std::uint64_t checkpoint_bytes = 16 << 20;
  std::uint32_t checkpoint_ms = 1000;
};

/// What the state has applied: written in the same LMDB transaction as its effects.
struct AppliedPosition {
  std::uint64_t index = 0;
  std::uint64_t term = 0;
  friend bool operator==(const AppliedPosition&, const AppliedPosition&) = default;
};

/// A read-only view of one committed state. Lives at most 100 ms and never across a network write, because an old reader keeps LMDB
/// from reusing pages. Move-only; used on the loop that opened it.
class ReadSnapshot {
 public:
  ~ReadSnapshot();
  ReadSnapshot(ReadSnapshot&&) noexcept;
  const ReadRows& rows() const;
  AppliedPosition applied() const;

 private:
  friend class Reader;
  struct Impl;
  explicit ReadSnapshot(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// A loop's door to the state: keeps reset read transactions for reuse.
class Reader {
 public:
  virtual ~Reader() = default;
  virtual ReadSnapshot open() = 0;
};

/// The write transaction of one apply batch.
class WriteBatch {
 public:
  virtual ~WriteBatch() = default;
  virtual Rows& rows() = 0;
  /// Commits rows and applied position together. A failure ends the process.
  virtual void commit(AppliedPosition applied) = 0;
};

class Store {
 public:
  /// Opens the newest generation the same way on every start: put the checkpoint's meta pages back, fsync, open, pin.
  /// Errors: directory in use by another process, not writable, unknown format, both checkpoints unreadable (corrupt: rebuild).
  static Result<std::unique_ptr<Store>> open(const StoreOptions& options, Loop& main,
                                             Metrics& metrics);
  virtual ~Store() = default;

  virtual AppliedPosition applied() const = 0;
  virtual std::unique_ptr<WriteBatch> begin() = 0;
  virtual std::unique_ptr<Reader> make_reader() = 0;

  /// Called on main after each durable checkpoint with the applied index it holds; the log may be cut up to there.
  virtual void on_checkpoint(std::function<void(AppliedPosition)> done) = 0;
  /// Takes a last checkpoint and waits for it; before shutdown.
  virtual void close() = 0;

  struct Usage {
    std::uint64_t data_bytes = 0;       ///< Pages in use × page size.
    std::uint64_t file_bytes = 0;
    std::uint64_t disk_free_bytes = 0;  ///< Of the file system.
    std::uint64_t rows = 0;
    std::uint64_t state_hash = 0;       ///< Order-free sum over all rows.
  };
  virtual Usage usage() const = 0;
};

}  // namespace conclave::daemon
