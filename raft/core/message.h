#pragma once

/// What servers say to each other (Figure 2 of the paper, plus pre-vote and heartbeat rounds from
/// the dissertation). A message names sender, receiver and the sender's current term, nothing about
/// the cluster: raft/net puts cluster and incarnation around it and lets nothing foreign through.
/// Messages may be lost, delayed, duplicated and reordered.

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "raft/core/snapshot.h"
#include "raft/core/types.h"

namespace conclave::raft {

/// Asks for a vote, or with `pre_vote` whether one would be given (dissertation §9.6).
struct RequestVote {
  Term candidate_term;  ///< The term voted in: the message's term, or for a pre-vote the one after
                        ///< it.
  Index last_log_index;
  Term last_log_term;
  bool pre_vote = false;
  /// Asked for by TimeoutNow: its round. 0 = an ordinary election.
  std::uint64_t transfer_round = 0;
  friend bool operator==(const RequestVote&, const RequestVote&) = default;
};

struct RequestVoteReply {
  Term candidate_term;  ///< Of the request, whatever the voter's own term: a late answer cannot be
                        ///< taken for another.
  bool pre_vote = false;
  bool granted = false;
  friend bool operator==(const RequestVoteReply&, const RequestVoteReply&) = default;
};

struct AppendEntries {
  Index prev_log_index;
  Term prev_log_term;
  std::vector<Entry> entries;
  Index leader_commit;  ///< Of that, what the leader has applied.
  friend bool operator==(const AppendEntries&, const AppendEntries&) = default;
};

struct AppendEntriesReply {
  bool success = false;
  /// Success: the last index known to match, durable at the sender.
  Index match_index;
  /// Failure: prev_log_index of the request, and the last of the follower's entries that could
  /// match: index and term.
  Index rejected_index;
  Index hint_index;
  Term hint_term;
  friend bool operator==(const AppendEntriesReply&, const AppendEntriesReply&) = default;
};

/// Keeps followers from electing and confirms leadership. `round` is used once: an answer confirms
/// only what was asked before that round was sent (reliability rule 54).
struct Heartbeat {
  std::uint64_t round = 0;
  Index leader_commit;  ///< The same, and never above what this follower is known to hold.
  friend bool operator==(const Heartbeat&, const Heartbeat&) = default;
};

struct HeartbeatReply {
  std::uint64_t round = 0;
  friend bool operator==(const HeartbeatReply&, const HeartbeatReply&) = default;
};

/// A piece of a snapshot for a follower whose next entry is no longer in the leader's log (Figure
/// 13).
struct InstallSnapshot {
  SnapshotMeta snapshot;
  std::uint64_t offset = 0;
  std::string chunk;            ///< The last one ends at snapshot.size.
  std::uint32_t chunk_crc = 0;  ///< CRC-32C of `chunk`.
  friend bool operator==(const InstallSnapshot&, const InstallSnapshot&) = default;
};

/// What the follower needs next of the snapshot; 0 = all of it. When it is installed, or was not
/// needed, an AppendEntriesReply says so.
struct InstallSnapshotReply {
  std::string id;
  std::uint64_t next_offset = 0;
  friend bool operator==(const InstallSnapshotReply&, const InstallSnapshotReply&) = default;
};

/// Tells a follower to campaign at once: leadership transfer (dissertation §3.10). `round` is the
/// leader's latest heartbeat round: its lease is dropped up to there, so who has acknowledged no
/// later one may vote although it hears a leader.
struct TimeoutNow {
  std::uint64_t round = 0;
  friend bool operator==(const TimeoutNow&, const TimeoutNow&) = default;
};

using MessageBody =
    std::variant<RequestVote, RequestVoteReply, AppendEntries, AppendEntriesReply, Heartbeat,
                 HeartbeatReply, InstallSnapshot, InstallSnapshotReply, TimeoutNow>;

struct Message {
  NodeId from;
  NodeId to;
  Term term;  ///< The sender's current term.
  MessageBody body;
  /// The sender's, as it proved to raft/net; zeros = not said, which matches any.
  Incarnation incarnation{};
  friend bool operator==(const Message&, const Message&) = default;
};

}  // namespace conclave::raft
