#pragma once

/// The two checkpoint files of a generation: LMDB's meta pages as they were at a moment whose data
/// pages are on the disk (docs/formats.md 3.2). Blocking; written by the checkpoint thread, read at
/// start.

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "base/core/result.h"
#include "daemon/store/environment.h"

namespace conclave::daemon {

inline constexpr std::size_t checkpoint_file_bytes = 4096 + meta_pages_bytes;

struct Checkpoint {
  std::uint64_t sequence = 0;
  std::uint64_t generation = 0;
  std::uint64_t transaction_id = 0;
  AppliedPosition applied;
  std::uint64_t rows = 0;
  std::uint64_t state_hash = 0;
  std::string meta_pages;  ///< meta_pages_bytes.
};

std::string encode_checkpoint(const Checkpoint& checkpoint);
/// nullopt: not a whole checkpoint of format 1.
std::optional<Checkpoint> decode_checkpoint(std::string_view bytes);

/// <directory>/checkpoint.<slot>; sequence numbers alternate between the two slots.
std::string checkpoint_path(const std::string& directory, unsigned slot);
inline unsigned slot_of(std::uint64_t sequence) { return sequence % 2; }

/// Overwrites the slot of its sequence number in place; durable when sync_checkpoint() has returned
/// as well.
Result<void> write_checkpoint(const std::string& directory, const Checkpoint& checkpoint);
Result<void> sync_checkpoint(const std::string& directory, const Checkpoint& checkpoint);

/// What both slots hold, the newer first; an unreadable one is nullopt.
struct CheckpointPair {
  std::optional<Checkpoint> newest;
  std::optional<Checkpoint> other;
};
Result<CheckpointPair> read_checkpoints(const std::string& directory);

}  // namespace conclave::daemon
