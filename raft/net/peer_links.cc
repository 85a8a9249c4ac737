#include "raft/net/peer_links.h"

#include <map>
#include <utility>

#include "base/core/assert.h"
#include "base/net/listener.h"
#include "base/run/clock.h"
#include "raft/net/incoming.h"
#include "raft/net/peer_link.h"

namespace conclave::raft {

struct PeerLinks::State : std::enable_shared_from_this<State> {
  State(Loop& loop, PeerIdentity self, PeerLinkOptions options, std::shared_ptr<TlsKeyring> keyring,
        Receive receive, Metrics& metrics)
      : setting(std::make_shared<LinkSetting>(loop, std::move(self), options, std::move(keyring),
                                              metrics)),
        incoming(std::make_shared<Incoming>(setting, std::move(receive))),
        sweep_timer(loop.executor()) {}

  const std::shared_ptr<LinkSetting> setting;
  const std::shared_ptr<Incoming> incoming;
  std::map<std::pair<NodeId, Purpose>, std::shared_ptr<PeerLink>> links;
  std::map<NodeId, std::string> configured;
  std::map<NodeId, std::string> learned;
  Timer sweep_timer;

  std::string address_of(const NodeId& peer) const {
    if (const auto at = configured.find(peer); at != configured.end()) return at->second;
    const auto at = learned.find(peer);
    return at == learned.end() ? "" : at->second;
  }

  /// nullptr when it is not known where the peer is.
  PeerLink* link_to(const NodeId& peer, Purpose purpose) {
    const auto at = links.find({peer, purpose});
    if (at != links.end()) return at->second.get();
    const std::string address = address_of(peer);
    if (address.empty() || links.size() >= setting->options.links_max) return nullptr;
    auto made = std::make_shared<PeerLink>(setting, peer, purpose);
    made->set_address(address);
    return links.emplace(std::pair(peer, purpose), std::move(made)).first->second.get();
  }

  void update_addresses() {
    for (const auto& [key, link] : links) {
      const auto& [peer, purpose] = key;
      link->set_address(address_of(peer));
      link->set_wanted(purpose == Purpose::raft && configured.contains(peer));
    }
  }

  void keep_sweeping() {
    sweep_timer.expires_after(setting->sweep_period());
    sweep_timer.async_wait([weak = weak_from_this()](boost::system::error_code error) {
      const auto self = weak.lock();
      if (!self || error || self->setting->stopped) return;
      const Nanos now = system_clock().boot_now();
      self->incoming->sweep();
      for (const auto& [key, link] : self->links) link->sweep(now);
      std::erase_if(self->links, [&](const auto& entry) {
        return entry.second->is_idle() && !self->configured.contains(entry.first.first);
      });
      self->keep_sweeping();
    });
  }
};

PeerLinks::PeerLinks(Loop& loop, PeerIdentity self, PeerLinkOptions options,
                     std::shared_ptr<TlsKeyring> keyring, Receive receive, Metrics& metrics)
    : state_(std::make_shared<State>(loop, std::move(self), options, std::move(keyring),
                                     std::move(receive), metrics)) {
  state_->keep_sweeping();
}

PeerLinks::~PeerLinks() { stop(); }

void PeerLinks::set_cluster(const ClusterId& cluster_id, std::uint32_t recovery_epoch) {
  PeerIdentity& self = state_->setting->self;
  if (self.cluster_id == cluster_id && self.recovery_epoch == recovery_epoch) return;
  self.cluster_id = cluster_id;
  self.recovery_epoch = recovery_epoch;
  state_->incoming->close_all({RefusalCode::not_ready, "this server has joined a cluster"});
  for (const auto& [key, link] : state_->links) link->disconnect("it is another cluster's now");
  state_->update_addresses();
}

void PeerLinks::set_peers(const std::vector<PeerAddress>& peers) {
  // Who is removed is still to be told so, at the address that it had.
  if (state_->learned.size() < state_->setting->options.links_max) {
    state_->learned.merge(state_->configured);
  }
  state_->configured.clear();
  for (const PeerAddress& peer : peers) {
    if (peer.id != state_->setting->self.node_id && !peer.address.empty()) {
      state_->configured[peer.id] = peer.address;
    }
  }
  for (const auto& [peer, address] : state_->configured) state_->link_to(peer, Purpose::raft);
  state_->update_addresses();
}

void PeerLinks::send(std::vector<Message> messages) {
  if (state_->setting->stopped) return;
  for (Message& message : messages) {
    const Urgency urgency = urgency_of(message);
    const Purpose purpose = urgency == Urgency::snapshot ? Purpose::raft_snapshot : Purpose::raft;
    if (PeerLink* link = state_->link_to(message.to, purpose)) {
      link->push(std::move(message), urgency);
    } else {
      state_->setting->metrics.messages_dropped.add();
    }
  }
}

void PeerLinks::accept(std::shared_ptr<FramedStream> stream, const Hello& hello) {
  CONCLAVE_ASSERT(hello.purpose == Purpose::raft || hello.purpose == Purpose::raft_snapshot);
  if (state_->setting->stopped) {
    return state_->setting->loop.spawn(
        "refuse", refuse(std::move(stream), {RefusalCode::not_ready, "this server is stopping"}));
  }
  const auto peer = state_->incoming->admit(std::move(stream), hello);
  if (!peer) return;
  const NodeId& sender = peer->sender.node_id;
  const bool has_room = state_->learned.size() < state_->setting->options.links_max;
  if (!peer->sender.address.empty() && (has_room || state_->learned.contains(sender))) {
    state_->learned[sender] = peer->sender.address;
  }
  for (const Purpose purpose : {Purpose::raft, Purpose::raft_snapshot}) {
    const auto at = state_->links.find({sender, purpose});
    if (at == state_->links.end()) continue;
    at->second->set_address(state_->address_of(sender));
    at->second->reach_now();
  }
}

bool PeerLinks::is_connected(const NodeId& peer) const {
  const auto at = state_->links.find({peer, Purpose::raft});
  return at != state_->links.end() && at->second->is_connected();
}

void PeerLinks::stop() {
  if (std::exchange(state_->setting->stopped, true)) return;
  state_->sweep_timer.cancel();
  state_->incoming->close_all({RefusalCode::not_ready, "this server is stopping"});
  for (const auto& [key, link] : state_->links) link->disconnect("this server is stopping");
}

}  // namespace conclave::raft
