#include "daemon/snapshot/restamped_rows.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/run/file.h"
#include "daemon/snapshot/snapshot_files.h"
#include "daemon/snapshot/snapshot_reader.h"

namespace conclave::daemon {

Result<bool> RestampedRows::next() {
  if (!has_waiting_ && !ended_) CONCLAVE_TRY(advance());
  if (next_member_ < basis_.members.size()) {
    const auto& [key, row] = basis_.members[next_member_];
    if (ended_ || key < waiting_.key) {
      current_ = {key, row};
      next_member_ += 1;
      return true;
    }
  }
  if (ended_) return false;
  current_ = waiting_;
  has_waiting_ = false;
  return true;
}

Result<void> RestampedRows::advance() {
  while (!has_waiting_) {
    CONCLAVE_TRY_ASSIGN(const bool more, snapshot_->next());
    if (!more) {
      ended_ = true;
      if (stamping_.saw_meta()) return {};
      return fail(ErrorCode::corrupt, "the snapshot holds no state");
    }
    CONCLAVE_TRY_ASSIGN(const auto stamped, stamping_.row(snapshot_->key(), snapshot_->row()));
    if (!stamped) continue;
    waiting_ = {snapshot_->key(), *stamped};
    has_waiting_ = true;
  }
  return {};
}

Result<SnapshotHeader> check_restorable(const std::string& path, std::string_view id) {
  CONCLAVE_TRY_ASSIGN(SnapshotReader opened, SnapshotReader::open(path));
  auto reader = std::make_unique<SnapshotReader>(std::move(opened));
  SnapshotReader& file = *reader;
  RestampedRows rows(std::move(reader), {});
  for (;;) {
    CONCLAVE_TRY_ASSIGN(const bool more, rows.next());
    if (!more) break;
  }
  if (file.id() == id) return file.header();
  return fail(ErrorCode::corrupt,
              "the snapshot " + path + " is not the one with SHA-256 " + std::string(id));
}

Result<void> take_up_restorable(const std::string& directory, const std::string& path,
                                const std::string& id) {
  CONCLAVE_TRY(check_restorable(path, id));
  {
    CONCLAVE_TRY_ASSIGN(const Descriptor file, open_file(path, O_WRONLY));
    if (::fsync(file.get()) != 0) return fail_errno("sync", path, errno);
  }
  return keep_snapshot(directory, path, id);
}

}  // namespace conclave::daemon
