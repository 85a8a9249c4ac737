#pragma once

/// Several servers' Memberships in memory, on one loop: calls go from one to the other by address,
/// Raft is a configuration that changes at once, and the state is one set of rows per cluster.

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/run/file.h"
#include "base/run/random.h"
#include "daemon/members/membership.h"
#include "daemon/state/state_machine.h"
#include "daemon/store/memory_rows.h"
#include "daemon/tables/members.h"
#include "daemon/tables/nodes.h"
#include "raft/core/configuration.h"

namespace conclave::daemon {

class FakeClock final : public Clock {
 public:
  Nanos boot_now() const override { return now; }
  Nanos wall_now() const override { return now; }
  Nanos now{std::chrono::hours(1)};
};

class TestCluster;

/// What all servers of one cluster agree on.
struct SharedState {
  raft::Configuration configuration;
  raft::Index index{1};
  raft::Term term{1};
  std::string leader;  ///< Id.
  MemoryRows rows;
  std::set<std::string> present;  ///< Ids that have this cluster's log.
};

/// One server (or client) with everything that Membership asks for.
class TestNode final : public api::Rpc,
                       public api::RpcHandlers,
                       public Replica,
                       public RaftControl,
                       public Reader {
 public:
  TestNode(TestCluster& cluster, MembershipOptions options);

  // api::Rpc, api::RpcHandlers
  Task<Result<std::string>> call(std::string address, api::RpcMethod method, std::string body,
                                 Nanos timeout) override;
  void add(api::RpcMethod method, api::RpcHandler handler) override {
    handlers[method] = std::move(handler);
  }
  // Replica
  Task<Result<Outcome>> propose(Command command) override;
  Task<Result<ReadPermit>> read_permit(Consistency) override { co_return ReadPermit{}; }
  bool read_permit_now(Consistency, ReadPermit&) override { return true; }
  LeaderInfo leader() const override;
  std::uint64_t cluster_time_ms() const override;
  void on_changes(std::function<void(const std::shared_ptr<const ChangeSet>&)>) override {}
  void on_leadership(std::function<void(bool)> listener) override {
    leadership.push_back(std::move(listener));
  }
  // RaftControl
  raft::Configuration configuration() const override;
  raft::Index configuration_index() const override {
    return shared ? shared->index : raft::Index{};
  }
  raft::Index commit_index() const override { return configuration_index(); }
  raft::Index last_index() const override { return configuration_index(); }
  raft::Term term() const override { return shared ? shared->term : raft::Term{}; }
  std::optional<raft::Term> term_at(raft::Index) const override { return term(); }
  bool is_leader() const override { return shared && shared->leader == id(); }
  bool is_transferring() const override { return false; }
  std::vector<raft::PeerStanding> peers() const override;
  Nanos tick_length() const override { return std::chrono::milliseconds(50); }
  Nanos heartbeat() const override { return std::chrono::milliseconds(100); }
  Result<void> change_membership(std::span<const raft::MembershipChange> changes) override;
  Result<void> transfer_leadership(raft::NodeId target) override;
  // Reader
  ReadSnapshot open() override;

  const std::string& id() const { return options.card.node.id; }
  bool is_admitted() const;
  /// This server's row of the member table, as text; "" = none.
  std::string status() const;

  TestCluster& world;
  MembershipOptions options;
  SharedState* shared = nullptr;
  MemoryRows no_rows;
  /// The last one that reached its log: a server that was removed does not hear of it.
  mutable raft::Configuration log_configuration;
  std::map<api::RpcMethod, api::RpcHandler> handlers;
  std::vector<std::function<void(bool)>> leadership;
  std::unique_ptr<Membership> membership;
  std::optional<std::string> gave_up;
  bool up = true;
  Nanos down_since{};
};

class TestCluster : public testing::Test {
 protected:
  TestCluster();
  ~TestCluster() override;

 public:
  /// Options of server `n` at 10.0.0.n, with its own directory.
  MembershipOptions options(int n);
  /// Starts it, and runs what is ready.
  TestNode& start(MembershipOptions options, raft::Configuration log = {});
  /// It stops, as killed; its directory and log stay.
  void stop(TestNode& node);
  /// Starts again from its directory and log; `card` may have changed.
  TestNode& restart(TestNode& node, MembershipOptions options);
  /// Time passes in quarters of a second.
  void run(Nanos duration);
  /// Runs a task until it is done.
  template <class T>
  T finish(Task<T> task) {
    std::optional<T> result;
    auto keep = [](Task<T> work, std::optional<T>* out) -> Task<void> {
      *out = co_await std::move(work);
    };
    loop.spawn("test", keep(std::move(task), &result));
    for (int turn = 0; turn < 200 && !result; ++turn) {
      loop.run_ready();
      if (!result) clock.now += std::chrono::milliseconds(100), tick();
    }
    EXPECT_TRUE(result.has_value()) << "the task does not end";
    return std::move(*result);
  }
  TestNode* find_address(const std::string& address);
  TestNode* find_id(const std::string& id);
  void elect(SharedState& shared, const std::string& leader);
  void elect_if_due(SharedState& shared);
  SharedState& cluster_of(const std::string& cluster_id) { return clusters[cluster_id]; }

  Loop loop{"main"};
  FakeClock clock;
  std::map<std::string, SharedState> clusters;
  std::vector<std::unique_ptr<TestNode>> nodes;
  std::filesystem::path directory;

 private:
  void tick();
};

}  // namespace conclave::daemon
