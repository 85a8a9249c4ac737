#pragma once

/// Generations: each is a directory with one environment and its checkpoints, and `current` names
/// the one that counts (docs/formats.md 3). This is the one way in, taken on every start: put the
/// checkpoint's meta pages back, fsync, open, pin.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/core/result.h"
#include "daemon/store/environment.h"

namespace conclave::daemon {

enum class SyncMode { checkpoint, full };

/// The contents of `current`.
struct CurrentGeneration {
  std::uint64_t number = 0;
  SyncMode mode = SyncMode::checkpoint;
  friend bool operator==(const CurrentGeneration&, const CurrentGeneration&) = default;
};

std::string encode_current(const CurrentGeneration& current);
Result<CurrentGeneration> decode_current(std::string_view text);

/// An open generation, pinned before any write transaction.
struct OpenGeneration {
  std::uint64_t number = 0;
  std::string directory;
  std::shared_ptr<Environment> environment;
  MDB_txn* pin = nullptr;  ///< The caller's to end; null with sync_full.
  Position position;
  std::uint64_t checkpoint_sequence = 0;  ///< Of the newest checkpoint.
  std::optional<Origin> origin;
};

/// Opens the generation that counts, making the first one in an empty directory; removes all
/// others.
Result<OpenGeneration> open_generation(const StoreOptions& options);

/// Lets go of one that is not put in place after all.
void abandon_generation(OpenGeneration& generation);

// For those who build one.
std::string generation_directory(const std::string& directory, std::uint64_t number);
/// A checkpoint of the state as it is, all of which is synced already, into both slots; the
/// sequence number of the newer.
Result<std::uint64_t> write_both_checkpoints(const Environment& environment,
                                             std::uint64_t generation, const Position& position,
                                             std::uint64_t sequence);
/// Lets `current` name it: from here on it is the one that counts.
Result<void> publish_generation(const StoreOptions& options, std::uint64_t number);

}  // namespace conclave::daemon
