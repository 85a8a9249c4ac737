#include <algorithm>

#include "base/core/assert.h"
#include "base/core/crc32c.h"
#include "raft/core/node_state.h"

namespace conclave::raft {

/// True when the log goes on where the snapshot ends.
bool Node::State::is_usable(const SnapshotMeta& snapshot) const {
  return snapshot.index >= log.base_index() && snapshot.index <= applied_index;
}

void Node::State::offer_snapshot(SnapshotMeta snapshot) {
  // One that cannot be used is not asked for again before the follower is heard next.
  snapshot_asked.reset();
  snapshot_wanted = false;
  if (role != Role::leader || !is_usable(snapshot)) return;
  offered = std::move(snapshot);
  for (auto& [id, progress] : peers) {
    if (progress.state == Progress::State::snapshot) feed_snapshot(id, progress);
  }
}

void Node::State::lose_snapshot(const std::string& id) {
  if (!offered || offered->id != id) return;
  offered.reset();
  for (auto& [to, progress] : peers) {
    if (progress.snapshot_id == id) progress.become_snapshot();
  }
}

/// One chunk is under way to each follower; the next one follows its answer.
void Node::State::feed_snapshot(const NodeId& to, Progress& progress) {
  if (!offered || !is_usable(*offered)) {
    snapshot_wanted = true;
    return;
  }
  if (progress.snapshot_id != offered->id) {
    progress.become_snapshot();
    progress.snapshot_id = offered->id;
  }
  if (progress.chunk_under_way) return;
  progress.chunk_under_way = true;
  progress.chunk_tick = ticks;
  snapshot_reads.push_back(
      {to, offered->id, progress.snapshot_offset, options.snapshot_chunk_bytes});
}

void Node::State::send_chunk(const NodeId& to, const std::string& id, std::uint64_t offset,
                             std::string data) {
  const auto peer = peers.find(to);
  if (peer == peers.end() || !offered || offered->id != id) return;
  const Progress& progress = peer->second;
  if (progress.state != Progress::State::snapshot || progress.snapshot_id != id ||
      progress.snapshot_offset != offset) {
    return;
  }
  CONCLAVE_ASSERT_WHY(offset + data.size() <= offered->size, "no more bytes than were offered");
  const std::uint32_t crc = crc32c(data);
  send(to, InstallSnapshot{*offered, offset, std::move(data), crc});
}

void Node::State::on_install_snapshot_reply(const Message& message,
                                            const InstallSnapshotReply& reply) {
  const auto peer = peers.find(message.from);
  if (role != Role::leader || peer == peers.end()) return;
  Progress& progress = peer->second;
  progress.recently_active = true;
  progress.heard_tick = ticks;
  if (progress.state != Progress::State::snapshot || progress.snapshot_id != reply.id) return;
  // The same again says nothing new: what was sent may still arrive, and if not, is sent again.
  if (!offered || reply.next_offset == progress.snapshot_offset) return;
  progress.snapshot_offset = std::min(reply.next_offset, offered->size);
  progress.chunk_under_way = false;
  feed_snapshot(message.from, progress);
}

/// The follower answers heartbeats: a chunk that is out for longer than an election timeout, or its
/// answer, was lost.
void Node::State::retry_snapshot(const NodeId& to, Progress& progress) {
  if (progress.chunk_under_way &&
      ticks - progress.chunk_tick >= options.election_timeout_ticks_min) {
    progress.chunk_under_way = false;
  }
  feed_snapshot(to, progress);
}

bool Node::State::is_sending_snapshot() const {
  return std::ranges::any_of(
      peers, [](const auto& peer) { return peer.second.state == Progress::State::snapshot; });
}

}  // namespace conclave::raft
