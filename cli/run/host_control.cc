#include "cli/run/host_control.h"

#include <utility>

namespace conclave::cli {
namespace {

std::unexpected<Error> no_cluster() {
  return fail(ErrorCode::no_leader, "this server belongs to no cluster yet");
}

}  // namespace

raft::Configuration HostControl::configuration() const {
  return host_ == nullptr ? raft::Configuration{} : host_->node().configuration();
}

raft::Index HostControl::configuration_index() const {
  return host_ == nullptr ? raft::Index{} : host_->node().configuration_index();
}

raft::Index HostControl::commit_index() const {
  return host_ == nullptr ? raft::Index{} : host_->node().commit_index();
}

raft::Index HostControl::last_index() const {
  return host_ == nullptr ? raft::Index{} : host_->node().last_index();
}

raft::Term HostControl::term() const {
  return host_ == nullptr ? raft::Term{} : host_->node().current_term();
}

std::optional<raft::Term> HostControl::term_at(raft::Index index) const {
  return host_ == nullptr ? std::nullopt : host_->node().term_at(index);
}

bool HostControl::is_leader() const {
  return host_ != nullptr && host_->node().role() == raft::Role::leader;
}

bool HostControl::is_transferring() const {
  return host_ != nullptr && !host_->node().transfer_target().value.empty();
}

std::vector<raft::PeerStanding> HostControl::peers() const {
  return host_ == nullptr ? std::vector<raft::PeerStanding>{} : host_->node().peers();
}

Nanos HostControl::tick_length() const {
  return std::chrono::milliseconds(host_ == nullptr ? 0 : host_->node().options().tick_ms);
}

Nanos HostControl::heartbeat() const {
  return host_ == nullptr
             ? Nanos{}
             : tick_length() * static_cast<int>(host_->node().options().heartbeat_ticks);
}

Result<void> HostControl::change_membership(std::span<const raft::MembershipChange> changes) {
  if (host_ == nullptr) return no_cluster();
  CONCLAVE_TRY(host_->change_membership(changes));
  return {};
}

Result<void> HostControl::transfer_leadership(raft::NodeId target) {
  if (host_ == nullptr) return no_cluster();
  return host_->transfer_leadership(std::move(target));
}

}  // namespace conclave::cli
