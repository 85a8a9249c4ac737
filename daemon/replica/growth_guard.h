#pragma once

/// Refuses commands that add to the state when the quota or the free disk space is used up, ahead
/// of the log, so that the disk is never filled by what cannot be undone: deletions, session ends,
/// deregistrations, jobs and reaping always pass (design section 5). Between two samples it counts
/// what it admits, so that a burst is refused in time; it recovers by itself with the next sample.
/// Main thread.

#include <cstdint>
#include <optional>

#include "base/core/result.h"
#include "daemon/command/command.h"
#include "daemon/replica/options.h"
#include "daemon/store/store.h"

namespace conclave::daemon {

/// True for commands that may leave more in the state than they found.
bool adds_to_state(const Command& command);

class GrowthGuard {
 public:
  GrowthGuard(std::uint64_t quota_bytes, std::uint64_t free_space_min_bytes)
      : quota_bytes_(quota_bytes), free_space_min_bytes_(free_space_min_bytes) {}

  /// Takes note of a sample, and of the bytes of commands that are admitted and not applied yet;
  /// true when refusing began or ended with it.
  bool sample(const Store::Usage& usage, std::uint64_t pending_bytes = 0);
  /// `bytes`: what the command takes when encoded. ErrorCode::failed with a sentence that names the
  /// limit and the way out.
  Result<void> admit(const Command& command, std::uint64_t bytes = 0);
  /// That sentence, while growth is refused as of the last sample.
  const std::optional<std::string>& refusal() const { return refusal_; }

 private:
  /// The sentence, if a limit is reached now.
  std::optional<std::string> judge() const;

  std::uint64_t quota_bytes_;
  std::uint64_t free_space_min_bytes_;
  std::optional<Store::Usage> usage_;  ///< Last sample.
  std::uint64_t grown_bytes_ = 0;      ///< Admitted and not in it.
  std::optional<std::string> refusal_;
};

}  // namespace conclave::daemon
