#include "daemon/http/snapshot_upload.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "base/core/hash.h"
#include "base/core/text.h"
#include "base/run/file.h"
#include "daemon/store/write_out.h"

namespace conclave::daemon {
namespace {

constexpr Nanos drain_max = std::chrono::minutes(10);
/// Written so far and not handed to the disk yet, at most.
constexpr std::uint64_t write_out_bytes = 4 << 20;
/// The restored state needs about as much again, and a snapshot of it too.
constexpr std::uint64_t space_factor = 3;

api::ArchiveLimits limits_for(const std::string& directory) {
  api::ArchiveLimits limits;
  const std::uint64_t free = free_disk_bytes(directory).value_or(0);
  limits.state_bytes_max = std::min(limits.state_bytes_max, free / space_factor);
  return limits;
}

}  // namespace

/// What the snapshot thread works on.
struct SnapshotUpload::Work {
  Work(std::string to, const api::ArchiveLimits& limits)
      : path(std::move(to)),
        reader(limits, [this](std::string_view bytes) { return write(bytes); }) {
    auto opened = open_file(path, O_WRONLY | O_CREAT | O_TRUNC);
    if (opened) {
      file = std::move(*opened);
    } else {
      result = std::unexpected(opened.error());
    }
  }
  ~Work() {
    if (!path.empty()) ::unlink(path.c_str());
  }
  Work(const Work&) = delete;
  Work& operator=(const Work&) = delete;

  Result<void> write(std::string_view bytes) {
    CONCLAVE_TRY(write_all(file.get(), bytes, path));
    digest.add(bytes);
    size += bytes.size();
    if (size - written_out < write_out_bytes) return {};
    const std::uint64_t from = std::exchange(written_out, size);
    return write_out(file.get(), from, size, path);
  }

  std::string path;
  api::ArchiveReader reader;
  Descriptor file;
  Sha256 digest;
  std::uint64_t size = 0;
  std::uint64_t written_out = 0;
  Result<void> result;
};

SnapshotUpload::SnapshotUpload(Loop& loop, SnapshotService& service)
    : loop_(loop),
      service_(service),
      work_(std::make_shared<Work>(service.new_path(), limits_for(service.directory()))),
      idle_(loop) {}

SnapshotUpload::~SnapshotUpload() = default;

void SnapshotUpload::take(std::string_view bytes) {
  waiting_.append(bytes);
  hand_over();
}

void SnapshotUpload::hand_over() {
  if (busy_ || waiting_.empty()) return;
  busy_ = true;
  service_.on_worker(
      [self = shared_from_this(), work = work_, bytes = std::exchange(waiting_, {})] {
        if (work->result) work->result = work->reader.feed(bytes);
        self->loop_.post([self] {
          self->busy_ = false;
          self->hand_over();
          self->idle_.notify_all();
        });
      });
}

Task<void> SnapshotUpload::drain() {
  const auto self = shared_from_this();
  while (is_full()) {
    if (!co_await idle_.wait_for(drain_max)) break;
  }
}

Task<Result<SnapshotUpload::Arrived>> SnapshotUpload::finish() {
  const auto self = shared_from_this();
  while (busy_ || !waiting_.empty()) {
    if (!co_await idle_.wait_for(drain_max)) {
      co_return fail(ErrorCode::unavailable, "the disk did not take the snapshot in time");
    }
  }
  if (!work_->result) co_return std::unexpected(work_->result.error());
  Result<api::ArchiveMeta> meta = work_->reader.finish();
  if (!meta) co_return std::unexpected(meta.error());
  Arrived arrived{.path = std::exchange(work_->path, {}),
                  .meta = std::move(*meta),
                  .id = encode_hex(work_->digest.finish())};
  co_return arrived;
}

}  // namespace conclave::daemon
