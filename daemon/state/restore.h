#pragma once

/// What becomes of a snapshot's rows when an operator puts it in the place of the state, or when a
/// quorum is rebuilt from one survivor: the revision goes 2^40 ahead of both, and every row is
/// stamped with it, so that no client that waits with an older index misses anything and none
/// spins. Pure, so that every server makes the same of the same file.
///
/// From the snapshot: keys, sessions, lock-delays, catalog, jobs, kept requests. Of the present
/// state: the member table, which tells of this cluster's servers. Gone: tombstones (the index
/// floor stands for them) and changes (who resumes at an older revision gets a gap).

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/core/result.h"
#include "daemon/store/rows.h"
#include "daemon/tables/meta.h"

namespace conclave::daemon {

/// By so much the revision goes ahead: exact in JSON's doubles for thousands of times.
inline constexpr std::uint64_t restore_revision_step = 1ull << 40;

/// What is kept of the state that is replaced.
struct RestoreBasis {
  std::uint64_t revision = 0;
  std::uint64_t feature_level = 0;
  std::uint64_t cluster_time_ms = 0;
  /// Key and row, in ascending order of keys.
  std::vector<std::pair<std::string, std::string>> members;
};
/// `cluster_time_ms`: of the entry that restores.
RestoreBasis restore_basis(const ReadRows& present, std::uint64_t cluster_time_ms);

/// Takes a snapshot's rows in ascending order of their keys, the first of which is Meta.
class Restamping {
 public:
  explicit Restamping(const RestoreBasis& basis) : basis_(basis) {}

  /// The row as the restored state has it, until the next call; nullopt: it has none. Error
  /// `corrupt`: this version can make nothing of it; then nothing may be put in place.
  Result<std::optional<std::string_view>> row(std::string_view key, std::string_view row);
  /// Of the restored state; known once Meta was seen.
  std::uint64_t revision() const { return revision_; }
  bool saw_meta() const { return revision_ != 0; }
  /// Takes the place of every row of this table in a snapshot.
  static bool is_member_key(std::string_view key);

 private:
  Result<std::optional<std::string_view>> stamp(std::string_view key, std::string_view row);
  Result<std::optional<std::string_view>> stamp_meta(std::string_view row);
  Result<std::optional<std::string_view>> stamp_time(std::string_view row);
  template <class T>
  Result<std::optional<std::string_view>> keep(std::string_view row);
  template <class T, class Change>
  Result<std::optional<std::string_view>> change(std::string_view row, Change change);

  const RestoreBasis& basis_;
  std::uint64_t revision_ = 0;
  std::string changed_;
};

}  // namespace conclave::daemon
