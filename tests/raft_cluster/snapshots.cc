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

/// The disk's log begins after the checkpoint.
void Cluster::replace_log(Member& one) {
  std::erase_if(one.entries, [&](const Entry& entry) { return entry.index <= one.base_index; });
}

void Cluster::compact(const std::string& name) {
  Member& one = member(name);
  one.base_term = *one.node->term_at(one.node->applied_index());
  one.base_index = one.node->applied_index();
  one.base_configuration = one.node->configuration_at(one.base_index);
  one.base_applied = one.applied;
  replace_log(one);
  one.node->compact(one.base_index);
  carry_out(name);
}

void Cluster::transfer_snapshots(const std::string& name, Ready& ready) {
  Member& one = member(name);
  if (ready.wants_snapshot) {
    note(name + " makes a snapshot");
    const std::string id = fmt::format("{}@{}", name, one.base_index.value);
    one.node->offer_snapshot({id, one.base_index, one.base_term, one.base_configuration,
                              lines(one.base_applied).size()});
  }
  for (const SnapshotRead& read : ready.snapshot_reads) {
    one.node->send_chunk(read.to, read.id, read.offset,
                         lines(one.base_applied).substr(read.offset, read.bytes_max));
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
