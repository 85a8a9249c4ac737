#include "tests/raft_cluster/cluster.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/core/assert.h"

namespace conclave::raft {
namespace {

constexpr const char* role_names[] = {"follower", "pre-candidate", "candidate", "leader"};

std::uint64_t seed_of(const std::string& name) {
  std::uint64_t seed = 7;
  for (const char c : name) seed = seed * 131 + static_cast<unsigned char>(c);
  return seed;
}

}  // namespace

Options test_options() {
  Options options;
  options.heartbeat_ticks = 1;
  options.election_timeout_ticks_min = 10;
  options.election_timeout_ticks_max = 20;
  options.lease_ticks = 8;
  options.snapshot_chunk_bytes = 8;
  return options;
}

Configuration voters(const std::vector<std::string>& names) {
  Configuration configuration;
  for (const std::string& name : names) {
    configuration.servers.push_back({NodeId{name}, {}, name + ":8300", Suffrage::voter});
  }
  return configuration;
}

Cluster::Cluster(const std::vector<std::string>& names, const Options& options)
    : Cluster(names, {}, options) {}

Cluster::Cluster(const std::vector<std::string>& names, std::map<std::string, InitialState> logs,
                 const Options& options)
    : options_(options), configuration_(voters(names)) {
  for (const std::string& name : names) {
    Member& one = members_[name];
    one.base_configuration = configuration_;
    const auto log = logs.find(name);
    if (log != logs.end()) {
      one.hard_state = log->second.hard_state;
      one.entries = log->second.entries;
      one.commit_hint = log->second.commit_index;
    } else {
      one.hard_state.current_term = Term{1};
      one.entries = {first_entry(configuration_)};
      one.commit_hint = Index{1};
    }
    start(name);
  }
  warm_up();
}

/// Past the time in which a server that just started grants no votes, without reaching anybody's
/// election timeout.
void Cluster::warm_up() {
  for (auto& [name, one] : members_) {
    for (std::uint32_t i = 0; i < options_.start_guard_ticks(); ++i) one.node->tick();
    carry_out(name);
  }
  drop_messages();
  take_trace();
}

void Cluster::start(const std::string& name) {
  Member& one = member(name);
  InitialState initial;
  initial.hard_state = one.hard_state;
  initial.configuration = one.base_configuration;
  // A state that is ahead of the log, or has another history, came from a snapshot.
  const auto at_base = std::ranges::find(one.entries, one.base_index, &Entry::index);
  const bool contiguous = !one.entries.empty() && one.entries[0].index == next(one.base_index);
  if (!contiguous && (at_base == one.entries.end() || at_base->term != one.base_term)) {
    one.entries.clear();
  }
  forget_log(one, one.base_index);
  initial.base_index = initial.applied_index = one.base_index;
  initial.base_term = one.base_term;
  initial.entries = one.entries;
  initial.commit_index = std::max(one.commit_hint, one.base_index);
  initial.partial_snapshot = one.partial;
  one.node.emplace(NodeId{name}, options_, std::move(initial), Rng(seed_of(name)));
  one.write.reset();
  one.applied = one.base_applied;
  one.reads.clear();
  one.failed_reads.clear();
  one.standing.clear();
  carry_out(name);
}

void Cluster::join(const std::string& name) {
  CONCLAVE_ASSERT(!members_.contains(name));
  members_[name];
  start(name);
}

Cluster::Member& Cluster::member(const std::string& name) { return members_.at(name); }
const Cluster::Member& Cluster::member(const std::string& name) const { return members_.at(name); }
Node& Cluster::node(const std::string& name) { return *member(name).node; }
const std::vector<std::string>& Cluster::applied(const std::string& name) const {
  return member(name).applied;
}
const std::vector<ReadPoint>& Cluster::reads(const std::string& name) const {
  return member(name).reads;
}
const std::vector<ReadId>& Cluster::failed_reads(const std::string& name) const {
  return member(name).failed_reads;
}

std::vector<std::string> Cluster::log_of(const std::string& name) const {
  std::vector<std::string> out;
  for (const Entry& entry : member(name).entries) out.push_back(describe_entry(entry));
  return out;
}

void Cluster::tick(const std::string& name, int times) {
  for (int i = 0; i < times; ++i) {
    node(name).tick();
    carry_out(name);
  }
}

void Cluster::campaign(const std::string& name) {
  node(name).campaign();
  carry_out(name);
}

Result<Index> Cluster::propose(const std::string& name, const std::string& payload) {
  Result<Index> index = node(name).propose(payload);
  carry_out(name);
  return index;
}

Result<Index> Cluster::change(const std::string& name, std::span<const MembershipChange> changes) {
  Result<Index> index = node(name).change_membership(changes);
  carry_out(name);
  return index;
}

Result<void> Cluster::transfer(const std::string& name, const std::string& target) {
  Result<void> started = node(name).transfer_leadership(NodeId{target});
  carry_out(name);
  return started;
}

Result<ReadId> Cluster::read(const std::string& name) {
  Result<ReadId> id = node(name).request_read();
  carry_out(name);
  return id;
}

void Cluster::receive(const Message& message) {
  const auto to = members_.find(message.to.value);
  if (to == members_.end() || !to->second.node) return;
  to->second.node->receive(message);
  carry_out(message.to.value);
}

bool Cluster::write_pending(const std::string& name) const {
  return member(name).write.has_value();
}

bool Cluster::complete_write(const std::string& name) {
  Member& one = member(name);
  if (!one.write) return false;
  const Ready write = std::move(*std::exchange(one.write, std::nullopt));
  if (write.hard_state) one.hard_state = *write.hard_state;
  if (write.log_base) one.entries.clear();
  if (!write.entries.empty()) {
    while (!one.entries.empty() && one.entries.back().index >= write.entries.front().index) {
      one.entries.pop_back();
    }
    one.entries.insert(one.entries.end(), write.entries.begin(), write.entries.end());
  }
  note(fmt::format("{} has written batch {}", name, write.batch));
  one.node->persisted(write.batch);
  carry_out(name);
  return true;
}

void Cluster::crash(const std::string& name) {
  Member& one = member(name);
  one.node.reset();
  one.write.reset();
  note(name + " crashes");
}

void Cluster::restart(const std::string& name) {
  note(name + " starts");
  start(name);
}

void Cluster::carry_out(const std::string& name) {
  Member& one = member(name);
  note_standing(name);
  while (one.node->has_ready()) carry_out(name, one.node->take_ready());
  note_standing(name);
}

void Cluster::carry_out(const std::string& name, Ready ready) {
  Member& one = member(name);
  if (ready.must_write()) {
    CONCLAVE_ASSERT(!one.write);
    std::string hard_state;
    if (ready.hard_state) {
      hard_state = fmt::format(
          " term {} vote {}", ready.hard_state->current_term.value,
          ready.hard_state->voted_for.value.empty() ? "none" : ready.hard_state->voted_for.value);
    }
    if (ready.log_base) hard_state += fmt::format(" log from {}", ready.log_base->index.value);
    note(fmt::format("{} writes batch {}:{} entries {}", name, ready.batch, hard_state,
                     describe_entries(ready.entries)));
    one.write = ready;
  }
  for (Message& message : ready.messages) {
    note(describe(message));
    network_.push_back(std::move(message));
  }
  if (!ready.committed.empty()) {
    note(fmt::format("{} applies {}", name, describe_entries(ready.committed)));
    for (const Entry& entry : ready.committed) {
      if (entry.kind == EntryKind::command) one.applied.push_back(entry.payload);
    }
    one.node->applied(ready.committed.back().index);
    one.node->share_commit();
  }
  for (const LogRead& read : ready.log_reads) read_log(name, read);
  transfer_snapshots(name, ready);
  for (const ReadPoint& read : ready.reads) {
    note(fmt::format("{} may answer read {} at {}", name, read.id.value, read.index.value));
    one.reads.push_back(read);
  }
  for (const ReadId id : ready.failed_reads) {
    note(fmt::format("{} fails read {}", name, id.value));
    one.failed_reads.push_back(id);
  }
}

bool Cluster::is_cut(const Message& message) const {
  return cuts_.contains({message.from.value, message.to.value});
}

bool Cluster::deliver(const std::string& from, const std::string& to) {
  const auto at = std::ranges::find_if(network_, [&](const Message& message) {
    return message.from.value == from && message.to.value == to;
  });
  if (at == network_.end()) return false;
  const Message message = std::move(*at);
  network_.erase(at);
  if (!is_cut(message)) receive(message);
  return true;
}

void Cluster::cut(const std::string& a, const std::string& b) {
  cuts_.insert({a, b});
  cuts_.insert({b, a});
}

void Cluster::isolate(const std::string& name) {
  for (const auto& [other, one] : members_) {
    if (other != name) cut(name, other);
  }
}

void Cluster::heal() { cuts_.clear(); }
void Cluster::drop_messages() { network_.clear(); }

void Cluster::settle() {
  for (int steps = 0;; ++steps) {
    CONCLAVE_ASSERT_WHY(steps < 100000, "the cluster does not come to rest");
    bool wrote = false;
    for (auto& [name, one] : members_) wrote = complete_write(name) || wrote;
    if (!network_.empty()) {
      const Message message = std::move(network_.front());
      network_.pop_front();
      if (!is_cut(message)) receive(message);
    } else if (!wrote) {
      return;
    }
  }
}

void Cluster::elect(const std::string& name) {
  for (auto& [other, one] : members_) {
    if (other == name || !one.node) continue;
    // A leader would go on leading.
    if (one.node->role() == Role::leader) continue;
    tick(other, static_cast<int>(options_.election_timeout_ticks_min));
  }
  drop_messages();
  campaign(name);
  settle();
}

std::string Cluster::leader() const {
  std::string found;
  Term term;
  for (const auto& [name, one] : members_) {
    if (!one.node || one.node->role() != Role::leader || one.node->current_term() < term) continue;
    term = one.node->current_term();
    found = name;
  }
  return found;
}

void Cluster::note(std::string line) { trace_.push_back(std::move(line)); }

void Cluster::note_standing(const std::string& name) {
  Member& one = member(name);
  std::string standing = fmt::format(
      "{} is {} in term {}, commit {}", name, role_names[static_cast<int>(one.node->role())],
      one.node->current_term().value, one.node->commit_index().value);
  if (standing == one.standing) return;
  one.standing = standing;
  note(std::move(standing));
}

}  // namespace conclave::raft
