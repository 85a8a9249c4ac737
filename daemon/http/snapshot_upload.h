#pragma once

/// The body of PUT /v1/snapshot on its way in: taken apart on the snapshot thread while it arrives,
/// the state written to a file, at most a few hundred KiB in memory.

#include <cstdint>
#include <memory>
#include <string>

#include "api/archive/archive_reader.h"
#include "api/http/message.h"
#include "base/run/loop.h"
#include "base/run/waiter.h"
#include "daemon/replica/snapshot_service.h"

namespace conclave::daemon {

class SnapshotUpload final : public api::BodySink,
                             public std::enable_shared_from_this<SnapshotUpload> {
 public:
  struct Arrived {
    std::string path;  ///< The caller's, to be restored or removed.
    api::ArchiveMeta meta;
    std::string id;  ///< SHA-256 of the state, as it was computed here.
  };

  /// `loop`: the connection's.
  SnapshotUpload(Loop& loop, SnapshotService& service);
  ~SnapshotUpload() override;

  void take(std::string_view bytes) override;
  bool is_full() const override { return waiting_.size() >= waiting_bytes_max; }
  Task<void> drain() override;
  /// After the last bytes: what arrived, or what is wrong with it.
  Task<Result<Arrived>> finish();

 private:
  static constexpr std::size_t waiting_bytes_max = 256 << 10;
  struct Work;
  void hand_over();

  Loop& loop_;
  SnapshotService& service_;
  std::shared_ptr<Work> work_;  ///< The snapshot thread's while busy_.
  std::string waiting_;
  bool busy_ = false;
  Waiter idle_;
};

}  // namespace conclave::daemon
