// Founding a cluster: the decisions one by one, then many servers with loss, crashes and restarts
// at every step (design section 6: never two clusters).

#include "daemon/members/bootstrap.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <variant>
#include <vector>

#include "base/core/rng.h"
#include "base/run/file.h"
#include "daemon/members/bootstrap_file.h"

namespace conclave::daemon {
namespace {

NodeCard card(int n, std::uint64_t expect = 3) {
  NodeCard made;
  made.node.id = "00000000-0000-0000-0000-00000000000" + std::to_string(n);
  made.node.node = "n" + std::to_string(n);
  made.node.datacenter = "dc1";
  made.rpc_address = "10.0.0." + std::to_string(n) + ":8300";
  made.incarnation = id_bytes(UuidBytes{std::uint8_t(n), 1});
  made.expect = expect;
  return made;
}

constexpr UuidBytes fresh{9, 9};

BootstrapProposal proposal_of_three() {
  return *proposal_due(card(1), std::nullopt, std::vector{card(3), card(2)}, fresh);
}

TEST(Bootstrap, lowest_id_proposes_exactly_the_expected) {
  const BootstrapProposal proposal = proposal_of_three();
  ASSERT_EQ(proposal.members.size(), 3u);
  EXPECT_EQ(proposal.members[0].id, card(1).node.id);
  EXPECT_EQ(proposal.members[2].address, "10.0.0.3:8300");
  EXPECT_EQ(proposal.cluster_id, id_bytes(fresh));
  const raft::Configuration first = first_configuration(proposal);
  EXPECT_EQ(first.servers[1].incarnation, (raft::Incarnation{2, 1}));
  EXPECT_EQ(first.servers[1].suffrage, raft::Suffrage::voter);
}

TEST(Bootstrap, nobody_else_proposes) {
  struct Case {
    const char* what;
    NodeCard self;
    std::vector<NodeCard> heard;
  };
  NodeCard initialised = card(2);
  initialised.cluster_id = id_bytes({7});
  NodeCard promised = card(2);
  promised.accepted = id_bytes({7});
  NodeCard elsewhere = card(2);
  elsewhere.node.datacenter = "dc2";
  NodeCard client = card(2);
  client.server = false;
  NodeCard has_log = card(1);
  has_log.cluster_id = id_bytes({7});
  const Case cases[] = {
      {"not the lowest", card(2), {card(1), card(3)}},
      {"too few", card(1), {card(2)}},
      {"too many", card(1), {card(2), card(3), card(4)}},
      {"another expectation", card(1), {card(2, 5), card(3)}},
      {"a cluster within reach", card(1), {initialised, card(3)}},
      {"one has promised", card(1), {promised, card(3)}},
      {"another datacenter", card(1), {elsewhere, card(3)}},
      {"a client", card(1), {client, card(3)}},
      {"has a log", has_log, {card(2), card(3)}},
      {"does not expect", card(1, 0), {card(2, 0), card(3, 0)}},
  };
  for (const Case& one : cases) {
    EXPECT_FALSE(proposal_due(one.self, std::nullopt, one.heard, fresh)) << one.what;
  }
}

TEST(Bootstrap, proposer_repeats_what_it_proposed_whoever_is_heard) {
  const BootstrapProposal own = proposal_of_three();
  EXPECT_EQ(proposal_due(card(1), own, {}, {1}), own);
  EXPECT_FALSE(proposal_due(card(2), own, {}, {1}));
}

TEST(Bootstrap, each_accepts_one_proposal) {
  const BootstrapProposal first = proposal_of_three();
  BootstrapProposal second = first;
  second.cluster_id = id_bytes({8});
  EXPECT_TRUE(judge_proposal(card(2), std::nullopt, first));
  EXPECT_TRUE(judge_proposal(card(2), first, first));
  const auto refused = judge_proposal(card(2), first, second);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::exists);
  EXPECT_TRUE(refused.error().message.contains(id_text(first.cluster_id)));
}

TEST(Bootstrap, proposals_that_do_not_fit_are_refused) {
  const BootstrapProposal proposal = proposal_of_three();
  NodeCard wiped = card(2);
  wiped.incarnation = id_bytes({4, 4});
  NodeCard other_place = card(2);
  other_place.node.datacenter = "dc2";
  NodeCard other_cluster = card(2);
  other_cluster.cluster_id = id_bytes({7});
  NodeCard member = card(2);
  member.cluster_id = proposal.cluster_id;
  EXPECT_FALSE(judge_proposal(wiped, std::nullopt, proposal));
  EXPECT_FALSE(judge_proposal(card(4), std::nullopt, proposal));
  EXPECT_FALSE(judge_proposal(card(2, 5), std::nullopt, proposal));
  EXPECT_FALSE(judge_proposal(other_place, std::nullopt, proposal));
  EXPECT_FALSE(judge_proposal(other_cluster, std::nullopt, proposal));
  EXPECT_TRUE(judge_proposal(member, std::nullopt, proposal));
  EXPECT_FALSE(judge_proposal(card(2), std::nullopt, BootstrapProposal{}));
}

TEST(Bootstrap, disagreement_names_both) {
  const auto conflict = expectation_conflict(card(1, 3), card(2, 5));
  ASSERT_TRUE(conflict);
  EXPECT_TRUE(conflict->contains("n1") && conflict->contains("n2"));
  EXPECT_FALSE(expectation_conflict(card(1, 3), card(2, 3)));
  EXPECT_FALSE(expectation_conflict(card(1, 3), card(2, 0)));
}

TEST(BootstrapFile, comes_back_and_no_damage_goes_unnoticed) {
  for (const bool accepted : {false, true}) {
    BootstrapPromise promise{.incarnation = {1, 2, 3}};
    if (accepted) promise.accepted = proposal_of_three();
    const std::string bytes = encode_promise(promise);
    EXPECT_EQ(*decode_promise(bytes), promise);
    for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
      EXPECT_FALSE(decode_promise(bytes.substr(0, cut))) << cut;
    }
    for (std::size_t at = 0; at < bytes.size(); ++at) {
      std::string flipped = bytes;
      flipped[at] = static_cast<char>(flipped[at] ^ 0x10);
      EXPECT_FALSE(decode_promise(flipped)) << at;
    }
  }
}

/// Servers, their disks, and a network that loses, repeats and delays. What Discovery does with the
/// decisions, one step at a time, with a crash possible after each.
class Founders {
 public:
  Founders(std::size_t count, Rng rng) : rng_(rng) {
    for (std::size_t n = 0; n < count; ++n) {
      Server server;
      server.card = card(static_cast<int>(n + 1), count);
      servers_.push_back(server);
    }
  }

  /// One random thing happens.
  void step() {
    const auto at = static_cast<std::size_t>(rng_.below(servers_.size()));
    switch (rng_.below(12)) {
      case 0:
        crash(at);
        break;
      case 1:
        if (rng_.chance(1, 20)) wipe(at);
        break;
      case 2:
      case 3:
      case 4: {
        const auto to = static_cast<std::size_t>(rng_.below(servers_.size()));
        send(to, Introduce{servers_[at].card});
        break;
      }
      case 5:
      case 6:
        propose(at);
        break;
      default:
        deliver();
        break;
    }
  }

  /// Nothing is lost from now on.
  void settle() {
    quiet_ = true;
    for (int round = 0; round < 6; ++round) {
      for (std::size_t a = 0; a < servers_.size(); ++a) {
        for (std::size_t b = 0; b < servers_.size(); ++b) send(b, Introduce{servers_[a].card});
      }
      while (!network_.empty()) deliver();
      for (std::size_t a = 0; a < servers_.size(); ++a) propose(a);
      while (!network_.empty()) deliver();
    }
  }

  std::set<std::string> clusters() const { return clusters_; }
  std::size_t initialised() const {
    return static_cast<std::size_t>(std::ranges::count_if(
        servers_, [](const Server& server) { return server.card.is_initialised(); }));
  }
  bool was_wiped() const { return wiped_; }

 private:
  struct Introduce {
    NodeCard from;
  };
  struct Ask {
    BootstrapRequest request;
    std::size_t from;
  };
  struct Accepted {
    BootstrapProposal proposal;
    std::size_t from;
  };
  using Body = std::variant<Introduce, Ask, Accepted>;
  struct Server {
    NodeCard card;  ///< Of it durable: incarnation, cluster_id; accepted follows from the promise.
    std::optional<BootstrapProposal> accepted;  ///< Durable.
    std::map<std::string, NodeCard> heard;
    std::set<std::size_t> acceptances;
  };

  void send(std::size_t to, Body body) {
    if (!quiet_ && rng_.chance(1, 5)) return;
    network_.emplace_back(to, body);
    if (!quiet_ && rng_.chance(1, 5)) network_.emplace_back(to, std::move(body));
  }
  void deliver() {
    if (network_.empty()) return;
    const auto at = static_cast<std::ptrdiff_t>(rng_.below(network_.size()));
    auto [to, body] = std::move(network_[static_cast<std::size_t>(at)]);
    network_.erase(network_.begin() + at);
    std::visit([&](auto& message) { receive(to, message); }, body);
  }
  void crash(std::size_t at) {
    servers_[at].heard.clear();
    servers_[at].acceptances.clear();
  }
  void wipe(std::size_t at) {
    // The disk of a member of a cluster is raft's affair.
    if (servers_[at].card.is_initialised()) return;
    wiped_ = true;
    crash(at);
    servers_[at].accepted.reset();
    servers_[at].card.accepted = {};
    servers_[at].card.incarnation = id_bytes({std::uint8_t(at + 1), ++incarnations_});
  }
  void become(std::size_t at, const api::Bytes& cluster_id) {
    servers_[at].card.cluster_id = cluster_id;
    clusters_.insert(cluster_id.data);
  }

  void receive(std::size_t at, const Introduce& message) {
    Server& server = servers_[at];
    const NodeCard& from = message.from;
    if (from.node.id == server.card.node.id) return;
    server.heard[from.node.id] = from;
    if (server.card.is_initialised() || !from.is_initialised()) return;
    // A cluster is within reach: it is the one that was promised, or joined without a promise.
    if (is_committed_by(server.accepted, from.cluster_id) || !server.accepted) {
      become(at, from.cluster_id);
    }
  }
  void propose(std::size_t at) {
    Server& server = servers_[at];
    std::vector<NodeCard> heard;
    for (const auto& [id, known] : server.heard) heard.push_back(known);
    const auto proposal =
        proposal_due(server.card, server.accepted, heard, {std::uint8_t(++ids_), 0xaa});
    if (!proposal || !accept(at, *proposal)) return;
    if (rng_.chance(1, 10) && !quiet_) return crash(at);
    for (std::size_t to = 0; to < servers_.size(); ++to) {
      if (to != at) send(to, Ask{{.proposal = *proposal}, at});
    }
  }
  bool accept(std::size_t at, const BootstrapProposal& proposal) {
    Server& server = servers_[at];
    if (!judge_proposal(server.card, server.accepted, proposal)) return false;
    if (!server.card.is_initialised()) {
      server.accepted = proposal;
      server.card.accepted = proposal.cluster_id;
    }
    return true;
  }
  void receive(std::size_t at, const Ask& message) {
    Server& server = servers_[at];
    const BootstrapProposal& proposal = message.request.proposal;
    if (message.request.commit) {
      if (!server.card.is_initialised() && server.accepted == proposal) {
        become(at, proposal.cluster_id);
      }
      return;
    }
    if (!accept(at, proposal)) return;
    if (rng_.chance(1, 10) && !quiet_) return crash(at);
    send(message.from, Accepted{proposal, at});
  }
  void receive(std::size_t at, const Accepted& message) {
    Server& server = servers_[at];
    if (server.accepted != message.proposal || server.card.is_initialised()) return;
    server.acceptances.insert(message.from);
    if (server.acceptances.size() + 1 < servers_.size()) return;
    become(at, message.proposal.cluster_id);
    if (rng_.chance(1, 4) && !quiet_) return crash(at);
    for (std::size_t to = 0; to < servers_.size(); ++to) {
      if (to != at) send(to, Ask{{.proposal = message.proposal, .commit = true}, at});
    }
  }

  Rng rng_;
  std::vector<Server> servers_;
  std::vector<std::pair<std::size_t, Body>> network_;
  std::set<std::string> clusters_;
  std::uint8_t incarnations_ = 10;
  int ids_ = 0;
  bool quiet_ = false;
  bool wiped_ = false;
};

TEST(Founding, never_two_clusters_whatever_is_lost_and_whoever_crashes) {
  int founded = 0;
  int stuck = 0;
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    const std::size_t count = 2 + seed % 4;
    Founders founders(count, Rng(seed));
    for (int step = 0; step < 250; ++step) founders.step();
    ASSERT_LE(founders.clusters().size(), 1u) << "seed " << seed;
    founders.settle();
    ASSERT_LE(founders.clusters().size(), 1u) << "seed " << seed;
    if (founders.initialised() == count) {
      ++founded;
    } else {
      // Only a server that forgot its promise may keep the others from founding.
      EXPECT_TRUE(founders.was_wiped()) << "seed " << seed;
      ++stuck;
    }
  }
  EXPECT_GT(founded, 1000);
  EXPECT_LT(stuck, 1000);
}

}  // namespace
}  // namespace conclave::daemon
