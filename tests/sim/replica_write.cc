#include <fmt/format.h>

#include <boost/asio/io_context.hpp>
#include <utility>

#include "api/model/record.h"
#include "base/core/assert.h"
#include "daemon/state/state_machine.h"
#include "tests/sim/replica.h"
#include "tests/sim/server.h"

/// Proposing and applying, as daemon/replica does it.

namespace conclave::sim {

using raft::Entry;
using raft::Index;

namespace {

constexpr std::chrono::seconds proposal_hold{7};
constexpr std::size_t entry_bytes_max = 64 << 10;

/// Callers need one; nothing runs on it.
Executor no_executor() {
  static boost::asio::io_context context;
  return context.get_executor();
}

}  // namespace

void SimReplica::submit(daemon::Command command, bool office, Done<daemon::Outcome> done) {
  if (!leading_) return done(fail(ErrorCode::no_leader, "No cluster leader"));
  daemon::Proposal proposal;
  proposal.encoded = api::encode_record(command);
  proposal.command = std::move(command);
  proposal.accepted = server_.boot_now();
  proposal.deadline = proposal.accepted + proposal_hold;
  if (office) proposal.office = server_.node().current_term();
  proposal.from_peer = !office;
  proposal.caller.emplace(no_executor(), std::move(done));
  proposals_.push(std::move(proposal));
  flush_soon();
}

/// What one turn of the loop proposes becomes one entry.
void SimReplica::flush_soon() {
  if (flush_scheduled_ || proposals_.queue_empty() || !server_.host().accepts_proposal()) return;
  flush_scheduled_ = true;
  server_.later(0, [this] {
    flush_scheduled_ = false;
    flush();
  });
}

void SimReplica::flush() {
  raft::Host& host = server_.host();
  if (!leading_ || !host.accepts_proposal() || proposals_.queue_empty()) return;
  daemon::ProposedEntry entry;
  entry.term = host.node().current_term();
  entry.cluster_time_ms = cluster_clock_.stamp(server_.boot_now());
  entry.wall_time = server_.wall_now();
  entry.proposals = proposals_.take(entry_bytes_max);
  std::string payload = daemon::encode_entry(1, entry);
  const Index index = next(host.node().last_index());
  server_.outside().truth.stamped(index, entry.term);
  proposals_.in_log(index, std::move(entry));
  if (!host.propose(std::move(payload))) proposals_.withdraw(index);
}

void SimReplica::apply(std::span<const Entry> entries) {
  CONCLAVE_ASSERT(!entries.empty());
  daemon::ChangeSet changes;
  const std::size_t queued = proposals_.queued();
  for (const Entry& entry : entries) apply_entry(entry, changes);
  // RaftReplica::look_at_overwritten().
  if (proposals_.queued() > queued) refuse_outdated();
  if (leading_) {
    for (const auto& session : changes.sessions_began) {
      timers_.start(session.id, parse_duration(session.ttl).value_or(Nanos::zero()),
                    server_.boot_now());
    }
    for (const std::string& id : changes.sessions_ended) timers_.end(id);
  }
  wake(changes);
  for (Decided& one : std::exchange(decided_, {})) {
    proposals_.forget(one.proposal);
    if (one.proposal.caller) one.proposal.caller->resume(std::move(one.outcome));
  }
  answer_reads();
}

void SimReplica::apply_entry(const Entry& entry, daemon::ChangeSet& changes) {
  Outside& outside = server_.outside();
  SimStore& store = server_.disk().store;
  require(entry.index == next(store.applied().index), "12: applied out of order");
  std::optional<daemon::ProposedEntry> own = proposals_.applied(entry.index, entry.term);
  Position position{entry.index, entry.term, store.applied().configuration};
  if (entry.kind == raft::EntryKind::configuration) {
    position.configuration =
        std::make_shared<const raft::Configuration>(*raft::decode_configuration(entry.payload));
  }
  if (entry.kind != raft::EntryKind::command) {
    store.advance(std::move(position));
    outside.observer.applied(entry, store.hash());
    return;
  }
  const auto payload = api::decode_record<daemon::EntryPayload>(entry.payload);
  CONCLAVE_ASSERT(payload.has_value());
  const daemon::ApplyTime time{payload->cluster_time_ms, payload->wall_time};
  std::vector<daemon::Outcome> outcomes;
  for (const daemon::Command& command : payload->commands) {
    outcomes.push_back(daemon::apply(command, time, store, changes));
  }
  daemon::record_time(time, store);
  cluster_clock_.applied(time.cluster_time_ms);
  store.advance(std::move(position));
  outside.observer.applied(entry, store.hash());
  outside.truth.applied(entry, *payload, outcomes, store);
  if (!own) return;
  // Committed under the configuration at the entry or a later one: its own write may have taken
  // longer than a quorum's, and a change have begun meanwhile.
  const raft::Node& node = server_.node();
  if (!outside.quorum_holds(node.configuration_at(entry.index), entry.index, entry.term) &&
      !outside.quorum_holds(node.configuration(), entry.index, entry.term)) {
    throw Violation(
        fmt::format("7: entry {} is acknowledged and not durable on a quorum", entry.index.value));
  }
  CONCLAVE_ASSERT(own->proposals.size() == outcomes.size());
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    decided_.push_back({std::move(own->proposals[i]), std::move(outcomes[i])});
  }
}

/// The state came from elsewhere: what became of proposals up to there is not known here.
void SimReplica::installed() {
  cluster_clock_.applied(daemon::stored_cluster_time_ms(server_.disk().store));
  for (daemon::Proposal& proposal : proposals_.take_below(next(applied()))) {
    proposals_.forget(proposal);
    if (!proposal.caller) continue;
    proposal.caller->resume(
        fail(ErrorCode::unknown_outcome, "a snapshot took the place of the log"));
  }
  wake_all();
  answer_reads();
}

/// RaftReplica::refuse_outdated().
void SimReplica::refuse_outdated() {
  const bool leads = server_.node().role() == raft::Role::leader;
  const raft::Term term = server_.node().current_term();
  const auto outdated = [leads, term](const daemon::Proposal& proposal) {
    return !leads || (proposal.office != raft::Term{} && proposal.office != term);
  };
  for (daemon::Proposal& proposal : proposals_.remove_queued(outdated)) {
    if (proposal.caller) proposal.caller->resume(fail(ErrorCode::no_leader, "No cluster leader"));
  }
}

void SimReplica::expire_proposals() {
  if (leading_) return;
  const Nanos present = server_.boot_now();
  const auto is_over = [present](const daemon::Proposal& one) { return one.deadline <= present; };
  for (daemon::Proposal& proposal : proposals_.remove_queued(is_over)) {
    if (proposal.caller) proposal.caller->resume(fail(ErrorCode::no_leader, "No cluster leader"));
  }
  for (auto& caller : proposals_.expire_in_log(present)) {
    caller.resume(fail(ErrorCode::unknown_outcome, "leadership was lost"));
  }
}

}  // namespace conclave::sim
