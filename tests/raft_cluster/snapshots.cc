#include <fmt/format.h>

#include "base/core/assert.h"
#include "tests/raft_cluster/cluster.h"

namespace conclave::raft {
namespace {

/// The state machine is the list of what was applied; its snapshot is that, line by line.
std::string lines(const std::vector<std::string>& applied) {
  std::string out;
  for (const std::string& line : applied) out += line + "\n";
  return out;
}

std::vector<std::string> split_lines(const std::string& text) {
  std::vector<std::string> out;
  for (std::size_t from = 0; from < text.size();) {
    const std::size_t end = text.find('\n', from);
    out.push_back(text.substr(from, end - from));
    from = end + 1;
  }
  return out;
}

}  // namespace

void Cluster::forget_log(Member& one, Index through) {
  std::erase_if(one.entries, [&](const Entry& entry) { return entry.index <= through; });
}

void Cluster::compact(const std::string& name) {
  Member& one = member(name);
  one.base_term = *one.node->term_at(one.node->applied_index());
  one.base_index = one.node->applied_index();
  one.base_configuration = one.node->configuration_at(one.base_index);
  one.base_applied = one.applied;
  one.node->compact(one.base_index);
  forget_log(one, previous(one.node->first_index()));
  carry_out(name);
}

void Cluster::read_log(const std::string& name, const LogRead& read) {
  Member& one = member(name);
  std::vector<Entry> entries;
  for (const Entry& entry : one.entries) {
    if (entry.index < read.entries.first || entry.index > read.entries.last) continue;
    CONCLAVE_ASSERT(entry.term == read.entries.term);
    entries.push_back(entry);
  }
  note(fmt::format("{} reads {} for {}", name, describe_entries(entries), read.to.value));
  one.node->send_entries(read, std::move(entries));
}

void Cluster::transfer_snapshots(const std::string& name, Ready& ready) {
  Member& one = member(name);
  if (ready.wants_snapshot) {
    note(name + " makes a snapshot");
    const std::string id = fmt::format("{}@{}", name, one.base_index.value);
    one.made = lines(one.base_applied);
    one.node->offer_snapshot(
        {id, one.base_index, one.base_term, one.base_configuration, one.made.size()});
  }
  for (const SnapshotRead& read : ready.snapshot_reads) {
    one.node->send_chunk(read.to, read.id, read.offset,
                         one.made.substr(read.offset, read.bytes_max));
  }
  if (ready.snapshot_chunk) {
    const SnapshotChunk& chunk = *ready.snapshot_chunk;
    if (chunk.is_first()) one.received.clear();
    CONCLAVE_ASSERT(one.received.size() == chunk.offset);
    one.received += chunk.data;
    one.partial = PartialSnapshot{chunk.snapshot, one.received.size()};
    one.node->chunk_stored(chunk.snapshot.id, one.received.size());
  }
  if (ready.install) install(name, *ready.install);
}

void Cluster::install(const std::string& name, const SnapshotMeta& snapshot) {
  Member& one = member(name);
  one.base_index = snapshot.index;
  one.base_term = snapshot.term;
  one.base_configuration = snapshot.configuration;
  one.base_applied = one.applied = split_lines(one.received);
  one.partial.reset();
  note(fmt::format("{} installs {} up to {}:{}", name, snapshot.id, snapshot.term.value,
                   snapshot.index.value));
  one.node->snapshot_installed();
}

}  // namespace conclave::raft
