/// The file of a restore on its way between servers: two of them on one loop, with calls in memory.

#include "daemon/replica/snapshot_transfer.h"

#include <gtest/gtest.h>

#include <deque>
#include <filesystem>
#include <map>

#include "base/run/log.h"
#include "daemon/snapshot/snapshot_reader.h"
#include "daemon/state/state_machine.h"
#include "daemon/tables/meta.h"
#include "raft/core/configuration.h"

namespace conclave::daemon {
namespace {

/// Every server's handlers, by its address; a server that is down has none.
class Network {
 public:
  class Endpoint : public api::Rpc, public api::RpcHandlers {
   public:
    Endpoint(Network& network, std::string address)
        : network_(network), address_(std::move(address)) {}
    Task<Result<std::string>> call(std::string address, api::RpcMethod method, std::string body,
                                   Nanos) override {
      ++network_.calls;
      const auto handler = network_.handlers_.find({address, method});
      if (handler == network_.handlers_.end() || network_.down == address) {
        co_return fail(ErrorCode::io, "nobody there");
      }
      co_return co_await handler->second({}, std::move(body));
    }
    void add(api::RpcMethod method, api::RpcHandler handler) override {
      network_.handlers_[{address_, method}] = std::move(handler);
    }

   private:
    Network& network_;
    const std::string address_;
  };

  int calls = 0;
  std::string down;

 private:
  std::map<std::pair<std::string, api::RpcMethod>, api::RpcHandler> handlers_;
};

class TransferTest : public testing::Test {
 protected:
  struct Server {
    Server(TransferTest& test, const std::string& name) : endpoint(test.network, name + ":1") {
      StoreOptions store_options;
      store_options.directory = test.directory + "/" + name + "/state";
      store_options.map_bytes = 64 << 20;
      store_options.checkpoint_ms = 0;
      store_options.worker = [&test](std::function<void()> step) {
        test.steps.push_back(std::move(step));
      };
      store = std::move(*Store::open(store_options, test.loop, test.metrics));
      SnapshotOptions options;
      options.directory = test.directory + "/" + name + "/snapshots";
      options.worker = store_options.worker;
      snapshots = std::move(*Snapshots::open(options, test.loop, test.metrics, *store));
      snapshots->set_configuration_at([&test](raft::Index) { return test.configuration; });
      transfer.emplace(
          test.loop, *snapshots, [&test] { return test.configuration; }, raft::NodeId{name});
      transfer->connect(endpoint, endpoint);
    }
    Network::Endpoint endpoint;
    std::unique_ptr<GenerationStore> store;
    std::unique_ptr<Snapshots> snapshots;
    std::optional<SnapshotTransfer> transfer;
  };

  TransferTest() {
    const bool in_memory = std::filesystem::is_directory("/dev/shm");
    std::string pattern =
        (in_memory ? "/dev/shm" : testing::TempDir()) + "/conclave-transfer-XXXXXX";
    directory = mkdtemp(pattern.data());
    set_log_level(LogLevel::error);
    for (const char* name : {"a", "b", "c"}) {
      configuration.servers.push_back(
          {.id = {name}, .incarnation = {}, .address = std::string(name) + ":1"});
    }
    a.emplace(*this, "a");
    b.emplace(*this, "b");
  }
  ~TransferTest() override {
    run();
    steps.clear();
    a.reset();
    b.reset();
    std::filesystem::remove_all(directory);
  }

  void run() {
    for (bool more = true; more;) {
      more = loop.run_ready() > 0;
      for (; !steps.empty(); more = true) {
        const auto next = std::move(steps.front());
        steps.pop_front();
        next();
      }
    }
  }
  /// A snapshot of some state of `server`.
  raft::SnapshotMeta make(Server& server, std::size_t rows) {
    {
      const auto batch = server.store->begin();
      if (!batch->rows().get(meta_key())) initialise_state(batch->rows());
      KvOp op{.verb = KvVerb::set, .key = {}, .value = {std::string(2000, 'v')}};
      for (std::size_t i = 0; i < rows; ++i) {
        op.key = "k" + std::to_string(i);
        ChangeSet changes;
        (void)apply({.body = op, .request_id = {}}, {}, batch->rows(), changes);
      }
      batch->commit({.index = server.store->applied().index + 1, .term = 1});
    }
    raft::SnapshotMeta made;
    server.snapshots->make([&](Result<raft::SnapshotMeta> result) { made = *result; });
    run();
    return made;
  }
  static Task<void> store_into(SnapshotTransfer* transfer, raft::SnapshotMeta snapshot,
                               std::optional<Result<void>>* result) {
    *result = co_await transfer->store_on_majority(snapshot.id, snapshot.size);
  }
  static Task<void> fetch_into(SnapshotTransfer* transfer, raft::SnapshotMeta snapshot,
                               bool* done) {
    co_await transfer->fetch_until_here(snapshot.id, snapshot.size);
    *done = true;
  }
  std::optional<Result<void>> store_on_majority(const raft::SnapshotMeta& snapshot) {
    std::optional<Result<void>> result;
    loop.spawn("store", store_into(&*a->transfer, snapshot, &result));
    run();
    return result;
  }

  std::string directory;
  Loop loop{"main"};
  Metrics metrics;
  Network network;
  std::deque<std::function<void()>> steps;
  raft::Configuration configuration;
  std::optional<Server> a;
  std::optional<Server> b;
};

TEST_F(TransferTest, a_majority_has_the_file_when_it_returns) {
  const raft::SnapshotMeta snapshot = make(*a, 1500);
  ASSERT_GT(snapshot.size, 2u << 20) << "several pieces";
  const auto result = store_on_majority(snapshot);
  ASSERT_TRUE(result && result->has_value());
  EXPECT_TRUE(b->snapshots->has(snapshot.id));
  EXPECT_TRUE(verify_snapshot(b->snapshots->path(snapshot.id), snapshot.id));
}

TEST_F(TransferTest, without_a_majority_it_says_so) {
  const raft::SnapshotMeta snapshot = make(*a, 10);
  network.down = "b:1";
  const auto result = store_on_majority(snapshot);
  ASSERT_TRUE(result);
  ASSERT_FALSE(result->has_value());
  EXPECT_NE(result->error().message.find("majority"), std::string::npos);
}

TEST_F(TransferTest, a_server_alone_asks_nobody) {
  configuration.servers.resize(1);
  const auto result = store_on_majority(make(*a, 10));
  ASSERT_TRUE(result && result->has_value());
  EXPECT_EQ(network.calls, 0);
}

TEST_F(TransferTest, who_lacks_the_file_fetches_it_from_whoever_has_it) {
  const raft::SnapshotMeta snapshot = make(*a, 800);
  bool done = false;
  loop.spawn("fetch", fetch_into(&*b->transfer, snapshot, &done));
  run();
  EXPECT_TRUE(done);
  EXPECT_TRUE(b->snapshots->has(snapshot.id));
}

TEST_F(TransferTest, what_arrives_damaged_is_not_kept) {
  const raft::SnapshotMeta snapshot = make(*a, 800);
  raft::SnapshotMeta other = snapshot;
  other.id = std::string(64, 'b');
  std::filesystem::copy(a->snapshots->path(snapshot.id), a->snapshots->path(other.id));
  a->snapshots->added(other.id, 99);
  const auto result = store_on_majority(other);
  ASSERT_TRUE(result);
  EXPECT_FALSE(result->has_value());
  EXPECT_FALSE(b->snapshots->has(other.id));
  EXPECT_TRUE(list_directory(b->snapshots->directory())->empty());
}

}  // namespace
}  // namespace conclave::daemon
