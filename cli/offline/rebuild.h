#pragma once

/// Rebuilding a quorum from one survivor (design section 7), with the server stopped: a state that
/// has applied all that its log holds, a new log whose only member is this server, under a new
/// incarnation and the next recovery epoch, so that the old members are refused when they come
/// back.
///
/// What is assumed: entries at the end of the log that may not have been committed are kept. What
/// other servers had acknowledged and this one never got is lost. The revision goes 2^40 ahead, as
/// after a restore, because nobody can know how far it had gone.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/core/result.h"
#include "base/run/file.h"
#include "base/run/loop.h"
#include "base/run/metrics.h"
#include "daemon/store/store.h"
#include "raft/core/types.h"
#include "raft/wal/recovery.h"

namespace conclave::cli {

class Survivor {
 public:
  /// Takes the data directory's lock and looks at what is there; changes nothing that a start would
  /// not. If an earlier rebuild was interrupted after it was complete, `is_interrupted` is set and
  /// nothing else.
  static Result<std::unique_ptr<Survivor>> open(const std::string& data_dir);

  struct Findings {
    bool is_interrupted = false;
    std::string node_id;
    std::uint64_t recovery_epoch = 0;
    raft::Index state_index;  ///< Of the checkpoint.
    raft::Index last_index;   ///< Of the log, or the state's if the log does not reach it.
    raft::Term last_term;
    raft::Index commit_index;
    raft::Configuration configuration;    ///< The last one in the log.
    std::optional<std::string> damage;    ///< Of the log: what follows is not readable.
    std::optional<std::string> left_out;  ///< Why the log's entries cannot be applied.
    std::size_t entries = 0;              ///< To be applied on top of the state.
  };
  const Findings& findings() const { return findings_; }

  /// Builds it beside what is there, and then moves that out of the way; where to.
  Result<std::string> rebuild();

 private:
  Survivor(std::string data_dir, Descriptor lock)
      : data_dir_(std::move(data_dir)), lock_(std::move(lock)) {}
  Result<void> look();
  void judge_log();
  Result<void> apply_entries();
  Result<void> build_state();
  Result<void> build_log() const;
  Result<std::string> put_in_place();
  std::string staging() const { return data_dir_ + "/recovery"; }
  raft::Configuration alone() const;

  const std::string data_dir_;
  const Descriptor lock_;
  Findings findings_;
  Loop main_{"offline"};
  Metrics metrics_;
  std::unique_ptr<daemon::GenerationStore> store_;
  raft::SalvagedLog log_;
  raft::Incarnation incarnation_{};
};

/// True between the two: the agent must not start with what it finds.
bool rebuild_was_interrupted(const std::string& data_dir);

}  // namespace conclave::cli
