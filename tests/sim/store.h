#pragma once

/// A server's replicated state as it lies in memory and on disk: real rows, the position up to
/// which they are applied, and what a crash takes back. The bytes on a real disk are the crash
/// explorer's matter; here it counts what is there after a crash.

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/core/result.h"
#include "daemon/store/rows.h"
#include "raft/core/configuration.h"
#include "raft/core/types.h"

namespace conclave::sim {

struct Position {
  raft::Index index;
  raft::Term term;                                           ///< Of the entry at `index`.
  std::shared_ptr<const raft::Configuration> configuration;  ///< In force there.
};

class SimStore final : public daemon::Rows {
 public:
  /// As an empty data directory is initialised.
  SimStore();

  std::optional<std::string_view> get(std::string_view key) const override;
  void scan(std::string_view from, Visitor visit) const override;
  void put(std::string_view key, std::string_view row) override;
  void erase(std::string_view key) override;

  const Position& applied() const { return applied_; }
  /// What was put and erased since the last call are the effects of this entry.
  void advance(Position position);
  /// The sum that the real store keeps (docs/formats.md 3.1).
  std::uint64_t hash() const { return hash_; }

  /// What a crash leaves.
  const Position& durable() const { return durable_; }
  bool checkpoints() const { return checkpoint_.has_value(); }
  /// Of what is applied now; until it ends, a crash leaves the one before.
  void begin_checkpoint();
  void end_checkpoint();
  /// Back to what is durable.
  void crash();

  /// Rows and position; the same state gives the same bytes.
  std::string to_bytes() const;
  /// All is replaced, durably. Bytes that are no state: ErrorCode::corrupt, and nothing changes.
  Result<void> replace(const std::string& bytes);

 private:
  struct Undo {
    std::string key;
    std::optional<std::string> row;  ///< As it was; nullopt = there was none.
  };
  /// The effects of an entry end where this many changes had been noted since the beginning.
  struct Step {
    std::uint64_t changes = 0;
    Position position;
  };

  void set(std::string_view key, std::optional<std::string_view> row);
  void roll_back_to(std::uint64_t changes);

  std::map<std::string, std::string, std::less<>> rows_;
  std::uint64_t hash_ = 0;
  Position applied_;
  Position durable_;
  std::optional<Step> checkpoint_;  ///< Under way.
  // Since what is durable.
  std::deque<Undo> undo_;
  std::deque<Step> steps_;
  std::uint64_t forgotten_ = 0;  ///< Changes before those in undo_.
};

}  // namespace conclave::sim
