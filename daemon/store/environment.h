#pragma once

/// One LMDB environment, open: the file, its map and its three databases (docs/formats.md 3.1).
/// Shared by the store and all its readers; the last to let go closes it. LMDB itself stays out of
/// this header.

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/core/result.h"
#include "daemon/store/store.h"

struct MDB_env;
struct MDB_txn;
struct MDB_cursor;

namespace conclave::daemon {

inline constexpr std::size_t lmdb_page_bytes = 4096;
inline constexpr std::size_t meta_pages_bytes = 2 * lmdb_page_bytes;

/// What a transaction leaves besides its rows; the row of `meta`.
struct Position {
  AppliedPosition applied;
  std::uint64_t rows = 0;
  std::uint64_t state_hash = 0;
  std::uint64_t next_chunk_id = 1;
  friend bool operator==(const Position&, const Position&) = default;
};

std::string encode_position(const Position& position);
Result<Position> decode_position(std::string_view bytes);

/// What LMDB's two meta pages say. Error `corrupt`: not the layout of LMDB 0.9 that this server
/// knows.
struct MetaPages {
  std::uint64_t transaction_id = 0;  ///< Of the newer one.
  std::uint64_t last_page = 0;
};
Result<MetaPages> read_meta_pages(std::string_view pages);

/// "<doing> in <directory>: <what LMDB says>".
std::unexpected<Error> fail_lmdb(std::string_view doing, std::string_view directory, int code);

class Environment {
 public:
  /// Opens <directory>/data.mdb with its databases, which exist.
  static Result<std::shared_ptr<Environment>> open(const std::string& directory,
                                                   const StoreOptions& options);
  /// Makes an empty environment, synced, and opens it.
  static Result<std::shared_ptr<Environment>> create(const std::string& directory,
                                                     const StoreOptions& options);
  ~Environment();
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

  MDB_env* handle() const { return env_; }
  unsigned rows() const { return rows_; }
  unsigned chunks() const { return chunks_; }
  unsigned meta() const { return meta_; }
  const std::string& directory() const { return directory_; }
  int data_descriptor() const;
  /// Its directory goes with it: another generation has taken its place. Any thread.
  void remove_at_end() { remove_at_end_ = true; }

  /// Opens a read transaction; ends the process when there is no reader slot left.
  MDB_txn* begin_read() const;
  /// The first two pages of the file as they are now. Main thread, between two commits.
  std::string copy_meta_pages() const;
  /// Makes the file as long as its meta pages say, so that a shorter one is known to be damaged: a
  /// page that a transaction took at the end and gave back again was never written. Main thread,
  /// between two commits.
  Result<void> extend_to_last_page() const;
  /// Everything committed is on the disk when this returns, in a file of full length.
  Result<void> sync() const;

 private:
  explicit Environment(std::string directory) : directory_(std::move(directory)) {}
  Result<void> open_file(const StoreOptions& options, unsigned more_flags);
  Result<void> open_databases(bool create);

  std::string directory_;
  std::atomic<bool> remove_at_end_ = false;
  MDB_env* env_ = nullptr;
  unsigned rows_ = 0;
  unsigned chunks_ = 0;
  unsigned meta_ = 0;
};

}  // namespace conclave::daemon
