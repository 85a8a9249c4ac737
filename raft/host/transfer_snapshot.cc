#include <utility>

#include "raft/host/host.h"

namespace conclave::raft {

/// What the core decides about snapshots, carried out over the port.
void Host::transfer_snapshots(Ready& ready) {
  if (!made_snapshot_.empty() && !node_.is_sending_snapshot()) release_snapshot();
  if (ready.wants_snapshot) make_snapshot();
  for (const SnapshotRead& read : ready.snapshot_reads) read_snapshot(read);
  if (ready.snapshot_chunk) store_chunk(*ready.snapshot_chunk);
  if (ready.install) {
    snapshots_->install(*ready.install, [this] {
      // What was held back is part of the snapshot.
      unapplied_.clear();
      applied_of_them_ = 0;
      node_.snapshot_installed();
      log_is_behind_ = node_.has_new_log_base();
      pump();
    });
  }
}

void Host::make_snapshot() {
  snapshots_->make([this](Result<SnapshotMeta> made) {
    if (!made) {
      node_.no_snapshot();
    } else {
      if (!made_snapshot_.empty() && made_snapshot_ != made->id) release_snapshot();
      made_snapshot_ = made->id;
      node_.offer_snapshot(std::move(*made));
    }
    pump();
  });
}

void Host::read_snapshot(const SnapshotRead& read) {
  snapshots_->read(read.id, read.offset, read.bytes_max, [this, read](Result<std::string> data) {
    if (data) {
      node_.send_chunk(read.to, read.id, read.offset, std::move(*data));
    } else {
      node_.lose_snapshot(read.id);
    }
    pump();
  });
}

void Host::store_chunk(const SnapshotChunk& chunk) {
  const std::uint64_t next_offset = chunk.offset + chunk.data.size();
  snapshots_->store(chunk, [this, id = chunk.snapshot.id, next_offset](Result<void> stored) {
    if (stored) {
      node_.chunk_stored(id, next_offset);
    } else {
      node_.chunk_refused(id);
    }
    pump();
  });
}

void Host::release_snapshot() {
  node_.lose_snapshot(made_snapshot_);
  snapshots_->release(std::exchange(made_snapshot_, {}));
}

}  // namespace conclave::raft
