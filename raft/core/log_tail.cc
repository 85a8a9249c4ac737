#include <algorithm>

#include "base/core/assert.h"
#include "raft/core/node_state.h"

namespace conclave::raft {

/// The entries after this index are what a follower needs next that gets a snapshot, or got one and
/// has not caught up since; without them it would need the next snapshot at once.
std::optional<Index> Node::State::tail_for(const Progress& progress) const {
  if (!progress.needs_tail) return std::nullopt;
  if (progress.state != Progress::State::snapshot) {
    const bool is_heard = ticks - progress.heard_tick <= 2 * options.election_timeout_ticks_min;
    return is_heard ? std::optional(progress.match_index) : std::nullopt;
  }
  if (snapshot_asked) return snapshot_asked;
  return offered ? std::optional(offered->index) : std::nullopt;
}

/// How far entries need not stay in memory when the state up to `through` is safe.
Index Node::State::unloading_point(Index through) const {
  const Index trailing{through.value - std::min(through.value, options.trailing_entries)};
  return log.point_within(options.retained_bytes_max, std::max(trailing, log.base_index()),
                          through);
}

/// How far the log may be forgotten then.
Index Node::State::compaction_point(Index through) const {
  const Index unloaded = unloading_point(through);
  Index point = unloaded;
  for (const auto& [id, progress] : peers) {
    if (const std::optional<Index> tail = tail_for(progress)) point = std::min(point, *tail);
  }
  if (point == unloaded) return point;
  return log.point_within(options.transfer_bytes_max, std::max(point, log.base_index()), unloaded);
}

/// What it needs next is on disk only. One read is under way for each follower.
void Node::State::read_entries(const NodeId& to, Progress& progress) {
  if (progress.reading_from == progress.next_index) return;
  progress.reading_from = progress.next_index;
  log_reads.push_back({to, log.unloaded_from(progress.next_index), options.append_bytes_max});
}

/// Null: what is read is not what that follower needs next any more.
Progress* Node::State::waits_for(const LogRead& read) {
  const auto peer = peers.find(read.to);
  if (role != Role::leader || peer == peers.end()) return nullptr;
  Progress& progress = peer->second;
  if (progress.reading_from != read.entries.first) return nullptr;
  progress.reading_from = {};
  return progress.next_index == read.entries.first ? &progress : nullptr;
}

void Node::State::entries_read(const LogRead& read, std::vector<Entry> entries) {
  CONCLAVE_ASSERT(!entries.empty());
  CONCLAVE_ASSERT(entries.front().index == read.entries.first);
  CONCLAVE_ASSERT(entries.back().index <= read.entries.last);
  Progress* const progress = waits_for(read);
  if (progress == nullptr) return;
  const bool log_goes_on = log.term_at(previous(progress->next_index)).has_value();
  const bool may_send = progress->state != Progress::State::probe || !progress->probe_sent;
  if (log_goes_on && may_send) send_entries(read.to, *progress, std::move(entries));
  send_append(read.to, *progress);
}

/// Whatever lies beyond them may be as unreadable: nothing before a snapshot of now helps.
void Node::State::entries_lost(const LogRead& read) {
  Progress* const progress = waits_for(read);
  if (progress == nullptr) return;
  if (offered) lose_snapshot(std::string(offered->id));
  progress->become_snapshot();
  feed_snapshot(read.to, *progress);
}

}  // namespace conclave::raft
