#pragma once

/// A replica over a real raft host whose disk, state and clock are in the test's hands. Nothing
/// runs on its own: run() lets the loop do what is ready, write() completes the write under way.

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "api/model/record.h"
#include "base/run/clock.h"
#include "base/run/loop.h"
#include "base/run/metrics.h"
#include "daemon/replica/raft_replica.h"
#include "daemon/store/memory_rows.h"
#include "raft/core/configuration.h"
#include "tests/raft_cluster/cluster.h"

namespace conclave::daemon {

class FakeClock : public Clock {
 public:
  Nanos boot_now() const override { return boot; }
  Nanos wall_now() const override { return wall; }
  Nanos boot{std::chrono::seconds(100)};
  Nanos wall{std::chrono::seconds(1'700'000'000)};
};

/// A Store over MemoryRows, which are replaced whole by a commit.
class FakeStore : public Store {
 public:
  class Snapshot : public ReadSnapshot::Impl {
   public:
    explicit Snapshot(FakeStore& store) : rows_(store.rows_), applied_(store.applied_) {}
    const ReadRows& rows() const override { return rows_; }
    AppliedPosition applied() const override { return applied_; }

   private:
    MemoryRows rows_;
    AppliedPosition applied_;
  };
  class FakeReader : public Reader {
   public:
    explicit FakeReader(FakeStore& store) : store_(store) {}
    ReadSnapshot open() override { return ReadSnapshot(std::make_unique<Snapshot>(store_)); }

   private:
    FakeStore& store_;
  };
  class Batch : public WriteBatch {
   public:
    explicit Batch(FakeStore& store) : store_(store), rows_(store.rows_) {}
    Rows& rows() override { return rows_; }
    void commit(AppliedPosition applied) override {
      store_.rows_ = rows_;
      store_.applied_ = applied;
      ++store_.commits;
    }

   private:
    FakeStore& store_;
    MemoryRows rows_;
  };

  AppliedPosition applied() const override { return applied_; }
  std::unique_ptr<WriteBatch> begin() override { return std::make_unique<Batch>(*this); }
  std::unique_ptr<Reader> make_reader() override { return std::make_unique<FakeReader>(*this); }
  void on_checkpoint(std::function<void(AppliedPosition)> done) override { checkpoint = done; }
  void lead(bool now) override { leads = now; }
  void start_checkpoint() override {}
  void close() override {}
  Usage usage() const override { return use; }
  const MemoryRows& rows() const { return rows_; }

  std::function<void(AppliedPosition)> checkpoint;
  bool leads = false;
  Usage use{
      .data_bytes = 0, .file_bytes = 0, .disk_free_bytes = 1ull << 40, .rows = 0, .state_hash = 0};
  int commits = 0;

 private:
  MemoryRows rows_;
  AppliedPosition applied_;
};

class FakeLog : public raft::LogPort {
 public:
  void write(const raft::HardState*, std::span<const raft::Entry> entries, raft::Index,
             std::function<void()> durable) override {
    EXPECT_FALSE(writing);
    written.insert(written.end(), entries.begin(), entries.end());
    ++writes;
    if (complete_on != nullptr) return complete_on->post(std::move(durable));
    writing = std::move(durable);
  }
  void release(raft::Index through) override { released = through; }

  /// Set: writes complete by themselves, on this loop.
  Loop* complete_on = nullptr;
  std::function<void()> writing;
  std::vector<raft::Entry> written;
  raft::Index released;
  int writes = 0;
};

class FakePeers : public raft::PeersPort {
 public:
  void send(std::vector<raft::Message> messages) override {
    for (auto& message : messages) sent.push_back(std::move(message));
  }
  std::vector<raft::Message> sent;
};

inline Command set_key(std::string key, std::string value = "v", std::string request_id = "") {
  KvOp op;
  op.verb = KvVerb::set;
  op.key = std::move(key);
  op.value.data = std::move(value);
  return {std::move(op), std::move(request_id)};
}
inline Command delete_key(std::string key) {
  KvOp op;
  op.verb = KvVerb::remove;
  op.key = std::move(key);
  return {std::move(op), {}};
}
inline Command delete_tree(std::string prefix) {
  KvOp op;
  op.verb = KvVerb::remove_tree;
  op.key = std::move(prefix);
  return {std::move(op), {}};
}

using Answer = std::shared_ptr<std::optional<Result<Outcome>>>;
using Permit = std::shared_ptr<std::optional<Result<ReadPermit>>>;

inline Task<void> propose_into(RaftReplica& replica, Command command, Answer answer) {
  *answer = co_await replica.propose(std::move(command));
}
inline Task<void> read_into(RaftReplica& replica, Consistency consistency, Permit permit) {
  *permit = co_await replica.read_permit(consistency);
}

class ReplicaTest : public testing::Test {
 protected:
  /// Before start(): what is set here counts.
  ReplicaOptions options{.own_timer = false};
  std::vector<std::string> servers{"a"};
  raft::InitialState initial;

  ~ReplicaTest() override {
    if (replica) replica->stop();
    run();
  }

  void start() {
    make_replica();
    start_host();
  }
  void make_replica() {
    replica.emplace(loop, clock, metrics, store, options);
    replica->on_changes([this](const auto& set) { changes.push_back(set); });
    replica->on_leadership([this](bool leading) { leadership.push_back(leading); });
  }
  void start_host() {
    if (initial.entries.empty()) {
      initial.hard_state.current_term = raft::Term{1};
      initial.entries = {raft::first_entry(raft::voters(servers))};
      initial.commit_index = raft::Index{1};
    }
    host.emplace(raft::Node(raft::NodeId{"a"}, raft::test_options(), std::move(initial), Rng(1)),
                 log, *replica, peers);
    replica->start(*host);
  }
  /// A lone server that leads and has nothing to do.
  void start_leading() {
    start();
    settle();
    ASSERT_TRUE(replica->leader().is_leader);
  }
  void run() { loop.run_ready(); }
  bool write() {
    run();
    if (!log.writing) return false;
    std::exchange(log.writing, nullptr)();
    run();
    return true;
  }
  void settle() {
    while (write()) {
    }
  }
  void wait(Nanos time) {
    for (Nanos waited{}; waited < time; waited += std::chrono::milliseconds(50)) {
      clock.boot += std::chrono::milliseconds(50);
      replica->tick();
      run();
    }
  }
  Answer propose(Command command) {
    auto answer = std::make_shared<std::optional<Result<Outcome>>>();
    loop.spawn("propose", propose_into(*replica, std::move(command), answer));
    return answer;
  }
  Permit read(Consistency consistency) {
    auto permit = std::make_shared<std::optional<Result<ReadPermit>>>();
    loop.spawn("read", read_into(*replica, consistency, permit));
    run();
    return permit;
  }
  EntryPayload payload_of_last_entry() const {
    auto decoded = api::decode_record<EntryPayload>(log.written.back().payload);
    EXPECT_TRUE(decoded);
    return decoded ? *decoded : EntryPayload{};
  }
  /// Makes "a" of three the leader of term 2, with b's help.
  void lead_three() {
    for (int i = 0; i < 30 && peers.sent.empty(); ++i) replica->tick();
    answer(1, raft::RequestVoteReply{raft::Term{2}, true, true});
    settle();
    answer(2, raft::RequestVoteReply{raft::Term{2}, false, true});
    settle();
    acknowledge();
    ASSERT_TRUE(host->accepts_proposal());
  }
  void answer(std::uint64_t term, raft::MessageBody body) {
    host->receive({raft::NodeId{"b"}, raft::NodeId{"a"}, raft::Term{term}, std::move(body)});
    run();
  }
  void acknowledge() {
    answer(host->node().current_term().value,
           raft::AppendEntriesReply{true, host->node().last_index(), {}, {}, {}});
  }

  FakeClock clock;
  Metrics metrics;
  Loop loop{"main"};
  FakeStore store;
  FakeLog log;
  FakePeers peers;
  std::optional<RaftReplica> replica;
  std::optional<raft::Host> host;
  std::vector<std::shared_ptr<const ChangeSet>> changes;
  std::vector<bool> leadership;
};

}  // namespace conclave::daemon
