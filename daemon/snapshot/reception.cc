#include "daemon/snapshot/reception.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>

#include "daemon/snapshot/snapshot_files.h"
#include "daemon/snapshot/snapshot_reader.h"
#include "daemon/snapshot/stream.h"
#include "raft/core/configuration.h"

namespace conclave::daemon {
namespace {

/// The state that is built from it needs about as much again.
constexpr std::uint64_t space_factor = 2;

Result<void> check_space(const std::string& directory, std::uint64_t size) {
  CONCLAVE_TRY_ASSIGN(const std::uint64_t free, free_disk_bytes(directory));
  if (size < free / space_factor) return {};
  return fail(ErrorCode::io,
              fmt::format("receive a snapshot of {} bytes: {} has {} bytes free, and it needs {} "
                          "times the size; free some disk space",
                          size, directory, free, space_factor));
}

}  // namespace

Reception::Reception(std::string directory, std::optional<raft::PartialSnapshot> partial)
    : directory_(std::move(directory)), partial_(std::move(partial)) {}

Result<void> Reception::store(const raft::SnapshotChunk& chunk) {
  Result<void> stored = chunk.is_first() ? begin(chunk.snapshot) : Result<void>{};
  if (stored) stored = append(chunk);
  if (stored && chunk.is_last()) stored = complete(chunk.snapshot);
  if (!stored) {
    partial_.reset();
    file_.close();
    CONCLAVE_TRY(forget_reception(directory_));
  }
  return stored;
}

Result<void> Reception::begin(const raft::SnapshotMeta& snapshot) {
  if (!is_snapshot_id(snapshot.id)) {
    return fail(ErrorCode::corrupt, "a snapshot is offered whose id is no SHA-256");
  }
  partial_.reset();
  file_.close();
  CONCLAVE_TRY(forget_reception(directory_));
  CONCLAVE_TRY(check_space(directory_, snapshot.size));
  CONCLAVE_TRY(write_sidecar(directory_, snapshot));
  const std::string path = receiving_path(directory_);
  CONCLAVE_TRY_ASSIGN(file_, open_file(path, O_RDWR | O_CREAT | O_TRUNC));
  CONCLAVE_TRY(sync_directory(directory_));
  partial_ = raft::PartialSnapshot{snapshot, 0};
  return {};
}

Result<void> Reception::append(const raft::SnapshotChunk& chunk) {
  if (!partial_ || partial_->snapshot.id != chunk.snapshot.id ||
      partial_->next_offset != chunk.offset) {
    return fail(ErrorCode::corrupt, "a chunk does not follow what was stored of its snapshot");
  }
  const std::string path = receiving_path(directory_);
  if (!file_) {
    CONCLAVE_TRY_ASSIGN(file_, open_file(path, O_RDWR));
  }
  std::uint64_t at = chunk.offset;
  for (std::string_view rest = chunk.data; !rest.empty();) {
    const ssize_t written =
        ::pwrite(file_.get(), rest.data(), rest.size(), static_cast<off_t>(at));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return fail_errno("write", path, written < 0 ? errno : ENOSPC);
    rest.remove_prefix(static_cast<std::size_t>(written));
    at += static_cast<std::uint64_t>(written);
  }
  if (::fdatasync(file_.get()) != 0) return fail_errno("sync", path, errno);
  partial_->next_offset = at;
  return {};
}

Result<void> Reception::complete(const raft::SnapshotMeta& snapshot) {
  const std::string path = receiving_path(directory_);
  if (::ftruncate(file_.get(), static_cast<off_t>(snapshot.size)) != 0) {
    return fail_errno("cut", path, errno);
  }
  if (::fsync(file_.get()) != 0) return fail_errno("sync", path, errno);
  file_.close();
  CONCLAVE_TRY_ASSIGN(const SnapshotHeader header, verify_snapshot(path, snapshot.id));
  const bool same = header.applied.index == snapshot.index.value &&
                    header.applied.term == snapshot.term.value &&
                    header.configuration == raft::encode_configuration(snapshot.configuration);
  if (!same) {
    return fail(ErrorCode::corrupt, "the snapshot that was received is of another position than "
                                    "was said");
  }
  CONCLAVE_TRY(keep_snapshot(directory_, path, snapshot.id));
  CONCLAVE_TRY(remove_file(sidecar_path(directory_)));
  partial_.reset();
  return {};
}

}  // namespace conclave::daemon
