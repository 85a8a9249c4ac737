#include "raft/host/host.h"

#include <algorithm>
#include <utility>

#include "base/core/assert.h"
#include "raft/core/configuration.h"

namespace conclave::raft {

Host::Host(Node node, LogPort& log, StateMachinePort& machine, PeersPort& peers,
           SnapshotPort* snapshots)
    : node_(std::move(node)), log_(log), machine_(machine), peers_(peers), snapshots_(snapshots) {}

void Host::start() {
  pump();
  if (is_alone(node_.configuration(), node_.self())) {
    node_.campaign();
    pump();
  }
}

void Host::tick() {
  node_.tick();
  pump();
}

void Host::receive(Message message) {
  node_.receive(std::move(message));
  pump();
}

bool Host::accepts_proposal() const {
  return !write_in_flight_ && node_.is_ready_leader() && node_.transfer_target().value.empty();
}

Result<LogPosition> Host::propose(std::string payload) {
  CONCLAVE_TRY_ASSIGN(const Index index, node_.propose(std::move(payload)));
  const LogPosition position{node_.current_term(), index};
  accepted_proposals_ =
      false;  // Announced again once this entry is written, even if that happens within pump().
  pump();
  return position;
}

void Host::request_read(std::function<void(Result<Index>)> done) {
  Result<ReadId> id = node_.request_read();
  if (id) {
    reads_.emplace(*id, std::move(done));
    pump();
  } else {
    done(std::unexpected(std::move(id).error()));
  }
}

Result<LogPosition> Host::change_membership(std::span<const MembershipChange> changes) {
  CONCLAVE_TRY_ASSIGN(const Index index, node_.change_membership(changes));
  const LogPosition position{node_.current_term(), index};
  pump();
  return position;
}

Result<void> Host::transfer_leadership(NodeId target) {
  CONCLAVE_TRY(node_.transfer_leadership(std::move(target)));
  pump();
  return {};
}

void Host::share_commit() {
  node_.share_commit();
  pump();
}

void Host::checkpointed(Index through) {
  node_.compact(through);
  if (!log_is_behind_) log_.release(std::min(through, previous(node_.first_index())));
}

/// Carries out Readies until there is none. What the ports call back while one is carried out
/// changes the node and leaves the rest to the loop that is running already, so nothing here is
/// re-entered.
void Host::pump() {
  if (pumping_) return;
  pumping_ = true;
  do {
    announce_leadership();
    announce_configuration();
    while (node_.has_ready()) carry_out(node_.take_ready());
    announce_leadership();
    announce_configuration();
    announce_readiness();
  } while (node_.has_ready());
  pumping_ = false;
  if (node_.has_unshared_commit()) machine_.commit_unshared();
}

/// In the order of raft/core/node.h: the write is started first, so that the disk works while
/// messages are sent and earlier entries applied.
void Host::carry_out(Ready ready) {
  if (ready.must_write()) write(ready);
  if (!ready.messages.empty()) peers_.send(std::move(ready.messages));
  announce_leadership();
  if (!ready.committed.empty()) {
    CONCLAVE_ASSERT(unapplied_.empty());
    unapplied_ = std::move(ready.committed);
    apply_some();
  }
  for (const LogRead& read : ready.log_reads) read_log(read);
  if (snapshots_ != nullptr) transfer_snapshots(ready);
  for (const ReadPoint& read : ready.reads) {
    auto asked = reads_.extract(read.id);
    if (!asked.empty()) asked.mapped()(read.index);
  }
  for (const ReadId id : ready.failed_reads) {
    auto asked = reads_.extract(id);
    if (!asked.empty()) {
      asked.mapped()(
          fail(ErrorCode::no_leader, "leadership was lost before the read was confirmed"));
    }
  }
}

void Host::read_log(const LogRead& read) {
  log_.read(read.entries, read.bytes_max, [this, read](Result<std::vector<Entry>> entries) {
    if (entries) {
      node_.send_entries(read, std::move(*entries));
    } else {
      node_.lose_entries(read);
    }
    pump();
  });
}

void Host::apply_some() {
  while (applied_of_them_ < unapplied_.size()) {
    const auto rest = std::span<const Entry>(unapplied_).subspan(applied_of_them_);
    const std::size_t count = machine_.may_apply(rest);
    if (count == 0) return;
    applied_of_them_ += count;
    machine_.apply(rest.first(count));
    node_.applied(rest[count - 1].index);
  }
  unapplied_.clear();
  applied_of_them_ = 0;
}

void Host::apply_rest() {
  apply_some();
  pump();
}

void Host::write(const Ready& ready) {
  CONCLAVE_ASSERT_WHY(!write_in_flight_, "one write at a time");
  write_in_flight_ = true;
  const HardState* hard_state = ready.hard_state ? &*ready.hard_state : nullptr;
  const bool replaces = ready.log_base.has_value();
  const auto durable = [this, replaces, batch = ready.batch] {
    write_in_flight_ = false;
    if (replaces) log_is_behind_ = false;
    node_.persisted(batch);
    pump();
  };
  if (replaces) {
    log_.reset(*ready.log_base, hard_state, ready.entries, node_.commit_index(), durable);
  } else {
    log_.write(hard_state, ready.entries, node_.commit_index(), durable);
  }
}

void Host::announce_leadership() {
  if (announced_role_ == node_.role() && announced_term_ == node_.current_term() &&
      announced_leader_ == node_.leader()) {
    return;
  }
  announced_role_ = node_.role();
  announced_term_ = node_.current_term();
  announced_leader_ = node_.leader();
  machine_.leadership_changed(announced_role_, announced_term_, announced_leader_);
}

void Host::announce_configuration() {
  const Index at = node_.configuration_index();
  const std::pair stands{at, node_.term_at(at)};
  if (stands == announced_configuration_at_) return;
  announced_configuration_at_ = stands;
  if (node_.configuration() == announced_configuration_) return;
  announced_configuration_ = node_.configuration();
  machine_.configuration_changed(announced_configuration_);
}

void Host::announce_readiness() {
  const bool accepts = accepts_proposal();
  const bool became = accepts && !accepted_proposals_;
  accepted_proposals_ = accepts;
  if (!became) return;
  machine_.ready_for_proposal();
  // A proposal made just now starts a write in the next turn of the pump.
  accepted_proposals_ = accepts_proposal() && !node_.has_ready();
}

}  // namespace conclave::raft
