#include "tests/raft_cluster/describe.h"

#include <fmt/format.h>

namespace conclave::raft {
namespace {

std::string describe_servers(const std::vector<Server>& servers) {
  std::string out;
  for (const Server& server : servers) {
    if (!out.empty()) out += ' ';
    out += server.id.value + (server.suffrage == Suffrage::learner ? "?" : "");
  }
  return out;
}

std::string describe_body(const RequestVote& m) {
  const std::string transfer =
      m.transfer_round == 0 ? "" : fmt::format(" by transfer in round {}", m.transfer_round);
  return fmt::format("{} for term {} last {}:{}{}", m.pre_vote ? "PreVote" : "RequestVote",
                     m.candidate_term.value, m.last_log_term.value, m.last_log_index.value,
                     transfer);
}
std::string describe_body(const RequestVoteReply& m) {
  return fmt::format("{} for term {} {}", m.pre_vote ? "PreVoteReply" : "RequestVoteReply",
                     m.candidate_term.value, m.granted ? "granted" : "refused");
}
std::string describe_body(const AppendEntries& m) {
  return fmt::format("AppendEntries after {}:{} commit {} entries {}", m.prev_log_term.value,
                     m.prev_log_index.value, m.leader_commit.value, describe_entries(m.entries));
}
std::string describe_body(const AppendEntriesReply& m) {
  if (m.success) return fmt::format("AppendEntriesReply match {}", m.match_index.value);
  return fmt::format("AppendEntriesReply refused {} hint {}:{}", m.rejected_index.value,
                     m.hint_term.value, m.hint_index.value);
}
std::string describe_body(const Heartbeat& m) {
  return fmt::format("Heartbeat round {} commit {}", m.round, m.leader_commit.value);
}
std::string describe_body(const HeartbeatReply& m) {
  return fmt::format("HeartbeatReply round {}", m.round);
}
std::string describe_body(const InstallSnapshot& m) {
  return fmt::format("InstallSnapshot {} up to {}:{} bytes {}..{} of {}", m.snapshot.id,
                     m.snapshot.term.value, m.snapshot.index.value, m.offset,
                     m.offset + m.chunk.size(), m.snapshot.size);
}
std::string describe_body(const InstallSnapshotReply& m) {
  return fmt::format("InstallSnapshotReply {} next {}", m.id, m.next_offset);
}
std::string describe_body(const TimeoutNow& m) {
  return fmt::format("TimeoutNow round {}", m.round);
}

}  // namespace

std::string describe(const Configuration& configuration) {
  std::string out = "{" + describe_servers(configuration.servers) + "}";
  if (!configuration.outgoing.empty()) {
    out += " and {" + describe_servers(configuration.outgoing) + "}";
  }
  return out;
}

std::string describe_entry(const Entry& entry) {
  std::string what = entry.payload;
  if (entry.kind == EntryKind::noop) what = "noop";
  if (entry.kind == EntryKind::configuration) {
    const Result<Configuration> configuration = decode_configuration(entry.payload);
    what = entry.index == Index{1} || !configuration ? "configuration" : describe(*configuration);
  }
  return fmt::format("{}:{}", entry.term.value, what);
}

std::string describe_entries(const std::vector<Entry>& entries) {
  if (entries.empty()) return "nothing";
  std::string out =
      fmt::format("{}..{} (", entries.front().index.value, entries.back().index.value);
  for (const Entry& entry : entries) {
    if (&entry != &entries.front()) out += ' ';
    out += describe_entry(entry);
  }
  return out + ")";
}

std::string describe(const Message& message) {
  const std::string body = std::visit([](const auto& b) { return describe_body(b); }, message.body);
  return fmt::format("{} → {} term {} {}", message.from.value, message.to.value, message.term.value,
                     body);
}

}  // namespace conclave::raft
