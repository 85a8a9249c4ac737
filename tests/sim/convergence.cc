#include <fmt/format.h>

#include "daemon/tables/kv.h"
#include "tests/sim/world.h"

/// 25: what must be true once nothing goes wrong any more.

namespace conclave::sim {

void World::converge(SimTime limit) {
  std::string why = "not looked at";
  while (!why.empty()) {
    timeline_.run_until(timeline_.now() + seconds);
    why = unsettled();
    if (!why.empty() && timeline_.now() >= limit) {
      throw Violation(fmt::format("25: {}\n{}", why, standings()));
    }
  }
  compare_with_model();
}

/// Where much went wrong clients have much to make up for.
void World::close() {
  if (coverage_.operations >= operations_min) {
    public_.closed = true;
  } else {
    timeline_.after(seconds, [this] { close(); });
  }
}

/// Why it has not converged yet; "" = it has.
std::string World::unsettled() {
  if (!public_.closed) return "clients go on";
  const SimServer* leads = leader();
  if (leads == nullptr) return "nobody leads";
  const raft::Node& node = leads->node();
  if (!node.configuration().outgoing.empty() || node.configuration_index() > node.commit_index()) {
    return "a change of the configuration is under way";
  }
  for (const auto& server : servers_) {
    if (!is_voter(node.configuration(), server->id(), server->incarnation())) {
      return fmt::format("{} has no vote yet", server->id().value);
    }
  }
  if (!wrote_last_) {
    write_last();
    return "the last write is not done";
  }
  if (node.uncommitted_bytes() != 0) return "bytes are counted as uncommitted";
  for (const auto& [id, session] : truth_.model().sessions()) {
    if (!session.ttl.empty()) {
      truth_.check_no_session_outlives(15 * seconds);
      return fmt::format("session {} lives", id);
    }
  }
  for (const auto& server : servers_) {
    const SimStore& store = server->disk().store;
    if (store.applied().index != node.last_index()) {
      return fmt::format("{} lags", server->id().value);
    }
    require(store.hash() == leads->disk().store.hash(), "13: equal positions, other states");
    if (server->replica().waiting() != 0) {
      return fmt::format("{} still counts requests", server->id().value);
    }
  }
  return {};
}

void World::write_last() {
  SimServer& leads = *leader();
  leads.handle([this, &leads] {
    daemon::Command command{.body = daemon::KvOp{.key = "last", .flags = ++public_.last_operation}};
    leads.replica().write(std::move(command), [this](Result<daemon::Outcome> outcome) {
      wrote_last_ = wrote_last_ || (outcome && outcome->done);
    });
  });
}

void World::compare_with_model() const {
  std::map<std::string, ModelEntry> keys;
  const SimStore& store = servers_.front()->disk().store;
  daemon::visit_kv(store, "", [&](const daemon::KvView& entry) {
    keys[std::string(entry.key)] = {std::string(entry.value),
                                    entry.flags,
                                    std::string(entry.session),
                                    entry.create_index,
                                    entry.modify_index,
                                    entry.lock_index,
                                    entry.fence};
    return true;
  });
  require(keys == truth_.model().keys(), "19: the keys are not what they should be");
  const std::vector<Change> rest = changes_after(store, stream_->revision());
  truth_.check_changes(stream_->revision(), rest);
}

std::string World::standings() const {
  std::string out;
  for (const auto& server : servers_) {
    if (!server->runs()) {
      out += fmt::format("{}: down\n", server->id().value);
      continue;
    }
    const raft::Node& node = server->node();
    out += fmt::format(
        "{}: incarnation {} role {} term {} log {}..{} commit {} applied {} "
        "installing {} leader {} waiting {}\n",
        server->id().value, server->incarnation()[0], static_cast<int>(node.role()),
        node.current_term().value, node.first_index().value, node.last_index().value,
        node.commit_index().value, node.applied_index().value, node.is_installing(),
        node.leader().value, server->replica().waiting());
    for (const raft::PeerStanding& peer : node.peers()) {
      out += fmt::format("   {} match {} heard {} ticks ago\n", peer.id.value,
                         peer.match_index.value, peer.ticks_since_heard);
    }
  }
  return out;
}

}  // namespace conclave::sim
