#include "tests/unit/daemon_members/test_cluster.h"

#include <fmt/format.h>

#include <algorithm>

namespace conclave::daemon {
namespace {

class Snapshot final : public ReadSnapshot::Impl {
 public:
  explicit Snapshot(const ReadRows& rows) : rows_(rows) {}
  const ReadRows& rows() const override { return rows_; }
  AppliedPosition applied() const override { return {}; }

 private:
  const ReadRows& rows_;
};

}  // namespace

TestNode::TestNode(TestCluster& cluster, MembershipOptions given)
    : world(cluster), options(std::move(given)) {}

Task<Result<std::string>> TestNode::call(std::string address, api::RpcMethod method,
                                         std::string body, Nanos timeout) {
  static_cast<void>(timeout);
  TestNode* target = world.find_address(address);
  if (target == nullptr || !up) co_return fail(ErrorCode::io, "connection refused");
  const auto handler = target->handlers.find(method);
  if (handler == target->handlers.end()) co_return fail(ErrorCode::not_found, "no such method");
  api::RpcPeer peer{
      .node_id = id(), .name = options.card.node.node, .address = options.card.rpc_address};
  co_return co_await handler->second(std::move(peer), std::move(body));
}

Task<Result<Outcome>> TestNode::propose(Command command) {
  if (!is_leader()) co_return fail(ErrorCode::no_leader, "No cluster leader");
  ChangeSet changes;
  co_return apply(command, {.cluster_time_ms = cluster_time_ms()}, shared->rows, changes);
}

LeaderInfo TestNode::leader() const {
  if (!is_admitted() || shared->leader.empty()) return {};
  const raft::Server* server = raft::find_server(shared->configuration, {shared->leader});
  // Whoever the leader writes to at another address hears nothing of it.
  const raft::Server* self = raft::find_server(shared->configuration, {id()});
  if (server == nullptr || self->address != options.card.rpc_address) return {};
  return {.is_leader = is_leader(),
          .leader_id = shared->leader,
          .leader_address = server->address,
          .term = shared->term.value};
}

std::uint64_t TestNode::cluster_time_ms() const {
  return static_cast<std::uint64_t>(world.clock.now / std::chrono::milliseconds(1));
}

bool TestNode::is_admitted() const {
  return shared != nullptr && raft::find_member(shared->configuration, {id()},
                                                id_from(options.card.incarnation)) != nullptr;
}

raft::Configuration TestNode::configuration() const {
  if (is_admitted()) log_configuration = shared->configuration;
  return log_configuration;
}

std::vector<raft::PeerStanding> TestNode::peers() const {
  std::vector<raft::PeerStanding> all;
  if (!is_leader()) return all;
  for (const raft::Server& server : shared->configuration.servers) {
    if (server.id.value == id()) continue;
    const TestNode* node = nullptr;
    for (const auto& one : world.nodes) {
      if (one->id() == server.id.value) node = one.get();
    }
    const bool heard = node != nullptr && node->up && node->is_admitted();
    const Nanos silence =
        node == nullptr ? std::chrono::hours(1) : world.clock.now - node->down_since;
    all.push_back(
        {.id = server.id,
         .match_index = shared->index,
         .ticks_since_heard = heard ? 0 : static_cast<std::uint64_t>(silence / tick_length()),
         .ticks_caught_up = heard ? 300u : 0u});
  }
  return all;
}

Result<void> TestNode::change_membership(std::span<const raft::MembershipChange> changes) {
  if (!is_leader()) return fail(ErrorCode::no_leader, "not the leader");
  CONCLAVE_TRY_ASSIGN(const auto next, raft::changed_configuration(shared->configuration, changes));
  shared->configuration = raft::without_outgoing(next);
  shared->index = raft::next(shared->index);
  if (raft::find_server(shared->configuration, {id()}) == nullptr) shared->leader.clear();
  world.elect_if_due(*shared);
  return {};
}

Result<void> TestNode::transfer_leadership(raft::NodeId target) {
  for (const raft::Server& server : shared->configuration.servers) {
    const bool wanted = target.value.empty() ? server.id.value != id() : server.id == target;
    const TestNode* node = world.find_id(server.id.value);
    if (!wanted || server.suffrage != raft::Suffrage::voter || node == nullptr || !node->up)
      continue;
    world.elect(*shared, server.id.value);
    return {};
  }
  return fail(ErrorCode::unavailable, "nobody can take over");
}

ReadSnapshot TestNode::open() {
  return ReadSnapshot(std::make_unique<Snapshot>(is_admitted() ? shared->rows : no_rows));
}

std::string TestNode::status() const {
  if (shared == nullptr) return "";
  const auto member = find_member(shared->rows, options.card.node.node);
  return member ? std::string(api::status_text(static_cast<api::MemberStatus>(member->status)))
                : "";
}

TestCluster::TestCluster() {
  directory = std::filesystem::temp_directory_path() / ("members-" + random_uuid());
  std::filesystem::create_directories(directory);
}

TestCluster::~TestCluster() {
  for (const auto& node : nodes) {
    if (node->membership) node->membership->stop();
  }
  loop.run_ready();
  std::filesystem::remove_all(directory);
}

MembershipOptions TestCluster::options(int n) {
  MembershipOptions made;
  made.card.node = {.id = fmt::format("00000000-0000-0000-0000-{:012}", n),
                    .node = fmt::format("n{}", n),
                    .address = fmt::format("10.0.0.{}", n),
                    .datacenter = "dc1"};
  made.card.rpc_address = made.card.node.address + ":8300";
  made.card.build = "1.20.0:";
  made.promise_path = directory / made.card.node.node / "raft" / "bootstrap";
  made.left_path = directory / made.card.node.node / "raft" / "left";
  return made;
}

TestNode& TestCluster::start(MembershipOptions given, raft::Configuration log) {
  TestNode& node = *nodes.emplace_back(std::make_unique<TestNode>(*this, std::move(given)));
  node.log_configuration = std::move(log);
  MembershipCallbacks callbacks;
  callbacks.initialise = [this, at = &node](const NewLog& log) -> Result<void> {
    NodeCard& card = at->options.card;
    card.cluster_id = id_bytes(log.cluster_id);
    card.incarnation = id_bytes(log.incarnation);
    SharedState& shared = clusters[card.cluster_id.data];
    if (log.first && shared.configuration.servers.empty()) {
      shared.configuration = *log.first;
      initialise_state(shared.rows);
    }
    shared.present.insert(at->id());
    at->shared = &shared;
    elect_if_due(shared);
    return {};
  };
  callbacks.give_up = [at = &node](const std::string& why) { at->gave_up = why; };
  node.membership = std::make_unique<Membership>(loop, clock, node, node, node, node, node,
                                                 node.options, std::move(callbacks));
  if (node.options.card.is_initialised())
    node.shared = &clusters[node.options.card.cluster_id.data];
  const auto started = node.membership->start();
  EXPECT_TRUE(started) << started.error().message;
  loop.run_ready();
  return node;
}

void TestCluster::stop(TestNode& node) {
  node.up = false;
  node.down_since = clock.now;
  node.membership->stop();
  if (node.shared != nullptr && node.shared->leader == node.id()) {
    node.shared->leader.clear();
    for (const auto& listener : node.leadership) listener(false);
    elect_if_due(*node.shared);
  }
  loop.run_ready();
}

TestNode& TestCluster::restart(TestNode& node, MembershipOptions next) {
  if (node.up) stop(node);
  next.card.cluster_id = node.options.card.cluster_id;
  next.card.incarnation = node.options.card.incarnation;
  return start(std::move(next), node.configuration());
}

void TestCluster::elect(SharedState& shared, const std::string& leader) {
  const std::string before = std::exchange(shared.leader, leader);
  shared.term = raft::next(shared.term);
  if (TestNode* node = find_id(before)) {
    for (const auto& listener : node->leadership) listener(false);
  }
  if (TestNode* node = find_id(leader)) {
    for (const auto& listener : node->leadership) listener(true);
  }
}

/// The first voter that is there leads, once a majority is.
void TestCluster::elect_if_due(SharedState& shared) {
  const auto is_there = [&](const raft::NodeId& id) {
    const TestNode* node = find_id(id.value);
    return node != nullptr && shared.present.contains(id.value);
  };
  if (!shared.leader.empty() || !raft::has_quorum(shared.configuration, is_there)) return;
  for (const raft::Server& server : shared.configuration.servers) {
    if (!raft::is_voter(shared.configuration, server.id) || !is_there(server.id)) continue;
    return elect(shared, server.id.value);
  }
}

TestNode* TestCluster::find_address(const std::string& address) {
  // Both ports of a node answer.
  const std::string host = address.substr(0, address.rfind(':'));
  for (const auto& node : nodes) {
    const std::string& own = node->options.card.rpc_address;
    if (node->up && own.substr(0, own.rfind(':')) == host) return node.get();
  }
  return nullptr;
}

TestNode* TestCluster::find_id(const std::string& id) {
  TestNode* found = nullptr;
  for (const auto& node : nodes) {
    if (node->id() == id && (found == nullptr || node->up)) found = node.get();
  }
  return found != nullptr && found->up ? found : nullptr;
}

void TestCluster::tick() {
  for (std::size_t n = 0; n < nodes.size(); ++n) {
    if (nodes[n]->up) nodes[n]->membership->tick();
    loop.run_ready();
  }
}

void TestCluster::run(Nanos duration) {
  for (const Nanos end = clock.now + duration; clock.now < end;) {
    clock.now += std::chrono::milliseconds(250);
    tick();
  }
}

}  // namespace conclave::daemon
