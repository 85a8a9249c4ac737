#include <algorithm>

#include "base/core/assert.h"
#include "raft/core/node_state.h"

namespace conclave::raft {
namespace {

/// Indexes ascend by one after prev_log_index, terms do not fall and are none that the sender could
/// not know.
bool is_well_formed(const AppendEntries& request, Term sender_term) {
  Index index = request.prev_log_index;
  Term term = request.prev_log_term;
  for (const Entry& entry : request.entries) {
    index = next(index);
    if (entry.index != index || entry.term < term || entry.term > sender_term) return false;
    term = entry.term;
  }
  return true;
}

}  // namespace

Result<Index> Node::State::propose(std::string payload) {
  if (role != Role::leader) {
    return fail(ErrorCode::no_leader, "proposed to a server that is not the leader");
  }
  if (transfer) {
    return fail(ErrorCode::unavailable,
                "leadership is being handed to " + transfer->target.value + "; try again");
  }
  if (uncommitted_bytes > 0 && uncommitted_bytes + payload.size() > options.uncommitted_bytes_max) {
    return fail(ErrorCode::too_many, "too many bytes wait to be committed: " +
                                         std::to_string(uncommitted_bytes) + "; try again");
  }
  return append_as_leader(EntryKind::command, std::move(payload));
}

Index Node::State::append_as_leader(EntryKind kind, std::string payload) {
  const Index index = next(log.last_index());
  uncommitted_bytes += payload.size();
  append_to_log({hard_state.current_term, index, kind, std::move(payload)});
  // In parallel with the leader's own write (dissertation §10.2.1): it counts itself only once that
  // is durable.
  send_appends();
  return index;
}

void Node::State::append_to_log(Entry entry) {
  if (entry.kind == EntryKind::configuration) {
    note_configuration(entry);
    if (role == Role::leader) update_peers();
  }
  log.append(std::move(entry));
}

void Node::State::truncate_log_from(Index from) {
  CONCLAVE_ASSERT_WHY(role != Role::leader, "a leader never removes entries (§5.3)");
  CONCLAVE_ASSERT_WHY(from > commit_index, "what is committed is never removed");
  log.truncate_from(from);
  while (configurations.back().first >= from) configurations.pop_back();
}

void Node::State::send_appends() {
  for (auto& [id, progress] : peers) send_append(id, progress);
}

void Node::State::send_append(const NodeId& to, Progress& progress) {
  for (;;) {
    if (progress.state == Progress::State::snapshot) return feed_snapshot(to, progress);
    const Index prev = previous(progress.next_index);
    const std::optional<Term> prev_term = log.term_at(prev);
    if (!prev_term) {
      // Compacted away: only a snapshot can help this follower. Whatever was sent before and is not
      // answered was lost, or is answered yet.
      progress.become_snapshot();
      return feed_snapshot(to, progress);
    }
    if (progress.state == Progress::State::probe && progress.probe_sent) return;
    if (progress.inflight.size() >= options.inflight_messages_max) return;
    if (progress.inflight_bytes >= options.inflight_bytes_max) return;
    if (progress.next_index <= log.unloaded_index()) return read_entries(to, progress);
    const auto entries = log.slice(progress.next_index, log.last_index(), options.append_bytes_max);
    if (entries.empty()) return;
    send_entries(to, progress, {entries.begin(), entries.end()});
  }
}

/// They follow what was sent last.
void Node::State::send_entries(const NodeId& to, Progress& progress, std::vector<Entry> entries) {
  const Index prev = previous(progress.next_index);
  const Index last = entries.back().index;
  std::uint64_t bytes = 0;
  for (const Entry& entry : entries) bytes += entry.payload.size();
  send(to, AppendEntries{prev, *log.term_at(prev), std::move(entries), shared_commit_index()});
  progress.told_commit = shared_commit_index();
  if (progress.state == Progress::State::probe) {
    progress.probe_sent = true;
  } else {
    progress.sent(last, bytes);
  }
}

void Node::State::heard_leader(const NodeId& from) {
  CONCLAVE_ASSERT_WHY(role != Role::leader, "Election Safety: one leader per term (Figure 3)");
  CONCLAVE_ASSERT_WHY(leader.value.empty() || leader == from,
                      "Election Safety: one leader per term (Figure 3)");
  if (role != Role::follower || leader != from) become_follower(hard_state.current_term, from);
  election_elapsed = 0;
  ticks_since_leader = 0;
  if (!heard || heard->term != hard_state.current_term) heard = {hard_state.current_term, 0, 0};
  heard->tick = ticks;
}

void Node::State::on_append_entries(const Message& message, AppendEntries& request) {
  heard_leader(message.from);
  if (is_installing() || !is_well_formed(request, message.term)) return;
  // What is committed matches in any leader's log (Leader Completeness), even where it is no longer
  // kept here.
  if (request.prev_log_index >= commit_index &&
      log.term_at(request.prev_log_index) != request.prev_log_term) {
    return send(message.from, reject_append(request));  // Figure 2, AppendEntries 2.
  }
  const Index match = {
      std::max(request.prev_log_index.value + request.entries.size(), commit_index.value)};
  for (Entry& entry : request.entries) {
    const std::optional<Term> term = log.term_at(entry.index);
    if (entry.index <= commit_index) {
      CONCLAVE_ASSERT_WHY(!term || *term == entry.term, "Leader Completeness (Figure 3)");
      continue;
    }
    if (term == entry.term) continue;  // Held already: a late or repeated message removes nothing.
    if (term) truncate_log_from(entry.index);  // Figure 2, AppendEntries 3.
    append_to_log(std::move(entry));           // Figure 2, AppendEntries 4.
  }
  send_when_durable(message.from, AppendEntriesReply{true, match, {}, {}, {}});
  // Figure 2, AppendEntries 5: not beyond the last *new* entry; what follows it may not be the
  // leader's.
  set_commit_index(std::min(request.leader_commit, match));
}

/// Points the leader at the last entry here that could match: nothing with a later term than it
/// asked for can.
AppendEntriesReply Node::State::reject_append(const AppendEntries& request) const {
  Index hint = std::min(previous(request.prev_log_index), log.last_index());
  while (hint > commit_index && log.at(hint).term > request.prev_log_term) hint = previous(hint);
  const Term hint_term = log.term_at(hint).value_or(Term{});
  return {false, {}, request.prev_log_index, hint, hint_term};
}

void Node::State::on_append_entries_reply(const Message& message, const AppendEntriesReply& reply) {
  if (role != Role::leader) return;
  const auto peer = peers.find(message.from);
  if (peer == peers.end()) return;
  Progress& progress = peer->second;
  progress.recently_active = true;
  progress.heard_tick = ticks;
  if (!reply.success) return on_rejected_append(message, reply);
  if (reply.match_index > log.last_index()) return;  // Never sent: not believed.

  progress.acknowledged(reply.match_index);
  const bool is_near = progress.match_index.value + options.trailing_entries >= commit_index.value;
  if (is_near && progress.match_index >= log.unloaded_index()) progress.needs_tail = false;
  const bool log_goes_on = log.term_at(progress.match_index).has_value();
  if (progress.state == Progress::State::probe ||
      (progress.state == Progress::State::snapshot && log_goes_on)) {
    progress.become_replicate();
  }
  advance_leader_commit();
  // That may have been its own removal, or this server's.
  const auto still = peers.find(message.from);
  if (still == peers.end()) return;
  send_append(message.from, still->second);
  continue_transfer();
}

void Node::State::on_rejected_append(const Message& message, const AppendEntriesReply& reply) {
  Progress& progress = peers.at(message.from);
  if (progress.state == Progress::State::snapshot) return;
  if (progress.state == Progress::State::replicate) {
    if (reply.rejected_index <= progress.match_index) return;  // Older than what was learned since.
    progress.become_probe();
  } else {
    if (reply.rejected_index != previous(progress.next_index)) return;
    // The largest index here that can agree with the follower's hint: one probe per term instead of
    // one per entry (end of §5.3).
    Index index = std::min(reply.hint_index, previous(reply.rejected_index));
    while (index > log.base_index() && *log.term_at(index) > reply.hint_term) {
      index = previous(index);
    }
    progress.next_index = std::max(next(index), next(progress.match_index));
    progress.probe_sent = false;
  }
  send_append(message.from, progress);
}

}  // namespace conclave::raft
