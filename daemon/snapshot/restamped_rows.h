#pragma once

/// A snapshot's rows as the restored state has them (daemon/state/restore.h), in ascending order of
/// their keys. Blocking; one thread.

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "base/core/result.h"
#include "daemon/snapshot/row_source.h"
#include "daemon/snapshot/stream.h"
#include "daemon/state/restore.h"

namespace conclave::daemon {

class RestampedRows final : public RowSource {
 public:
  RestampedRows(std::unique_ptr<RowSource> snapshot, RestoreBasis basis)
      : basis_(std::move(basis)), stamping_(basis_), snapshot_(std::move(snapshot)) {}
  RestampedRows(const RestampedRows&) = delete;
  RestampedRows& operator=(const RestampedRows&) = delete;

  Result<bool> next() override;
  std::string_view key() const override { return current_.key; }
  std::string_view row() const override { return current_.row; }
  std::uint64_t revision() const { return stamping_.revision(); }

 private:
  Result<void> advance();

  const RestoreBasis basis_;
  Restamping stamping_;
  const std::unique_ptr<RowSource> snapshot_;
  std::size_t next_member_ = 0;
  SnapshotRow waiting_;  ///< The snapshot's next, when has_waiting_.
  bool has_waiting_ = false;
  bool ended_ = false;
  SnapshotRow current_;
};

/// Reads all of a snapshot file: what stands against putting it in the place of a state. It costs a
/// pass over the file, so that no server finds out when the command is committed already.
Result<SnapshotHeader> check_restorable(const std::string& path, std::string_view id);

/// The same of a file that has no name yet; then it is synced and gets it.
Result<void> take_up_restorable(const std::string& directory, const std::string& path,
                                const std::string& id);

}  // namespace conclave::daemon
