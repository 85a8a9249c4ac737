#pragma once

/// Three replicas over real raft hosts in one process and on one loop; links and calls between
/// them, disks and the clock are in the test's hands. Everything that can happen without time
/// passing happens in run().

#include <map>
#include <memory>
#include <set>
#include <utility>

#include "base/run/waiter.h"
#include "tests/unit/daemon_replica/fixture.h"

namespace conclave::daemon {

class ReplicaClusterTest;

/// One server's way to call the others.
class MemoryCalls : public api::Rpc, public api::RpcHandlers {
 public:
  MemoryCalls(ReplicaClusterTest& test, std::string from) : test_(test), from_(std::move(from)) {}
  void add(api::RpcMethod method, api::RpcHandler handler) override {
    handlers_[method] = std::move(handler);
  }
  Task<Result<std::string>> call(std::string address, api::RpcMethod method, std::string body,
                                 Nanos timeout) override;
  Task<Result<std::string>> answer(api::RpcMethod method, std::string body) {
    return handlers_.at(method)({}, std::move(body));
  }
  /// Calls made by this server.
  std::map<api::RpcMethod, int> made;

 private:
  ReplicaClusterTest& test_;
  std::string from_;
  std::map<api::RpcMethod, api::RpcHandler> handlers_;
};

class ReplicaClusterTest : public testing::Test {
  friend class MemoryCalls;

 protected:
  class Links : public raft::PeersPort {
   public:
    explicit Links(ReplicaClusterTest& test) : test_(test) {}
    void send(std::vector<raft::Message> messages) override {
      for (raft::Message& message : messages) {
        if (std::holds_alternative<raft::Heartbeat>(message.body)) ++test_.heartbeats;
        test_.loop.post([&test = test_, message = std::move(message)] {
          const auto to = test.servers.find(message.to.value);
          if (to == test.servers.end() || !to->second->host) return;
          if (test.is_cut(message.from.value, message.to.value)) return;
          if (test.silent_links.contains({message.from.value, message.to.value})) return;
          to->second->host->receive(message);
        });
      }
    }

   private:
    ReplicaClusterTest& test_;
  };

  struct Server {
    Server(ReplicaClusterTest& test, const std::string& named) : name(named), calls(test, named) {}
    std::string name;
    Metrics metrics;
    FakeStore store;
    FakeLog log;
    MemoryCalls calls;
    std::optional<RaftReplica> replica;
    std::optional<raft::Host> host;
    std::vector<bool> leadership;
    std::uint64_t changes = 0;
  };

  ~ReplicaClusterTest() override {
    held_calls.clear();
    released_.notify_all();
    for (auto& [name, server] : servers) server->replica->stop();
    run();
  }

  /// Replicas that tick, without a host yet.
  void make() {
    for (const std::string& name : names) {
      Server& server = *servers.emplace(name, std::make_unique<Server>(*this, name)).first->second;
      server.log.complete_on = &loop;
      server.replica.emplace(loop, clock, server.metrics, server.store, options);
      server.replica->connect(server.calls, server.calls);
      server.replica->on_changes([&server](const auto&) { ++server.changes; });
      server.replica->on_leadership([&server](bool leads) { server.leadership.push_back(leads); });
    }
  }
  void start_hosts() {
    for (auto& [name, server] : servers) {
      raft::InitialState initial;
      initial.hard_state.current_term = raft::Term{1};
      initial.entries = {raft::first_entry(raft::voters(names))};
      initial.commit_index = raft::Index{1};
      server->host.emplace(
          raft::Node(raft::NodeId{name}, raft::test_options(), std::move(initial), Rng(1)),
          server->log, *server->replica, links_);
      server->replica->start(*server->host);
    }
    run();
  }
  /// Everybody up, "a" leads and has its lease.
  void start() {
    make();
    start_hosts();
    for (std::uint32_t i = 0; i < raft::test_options().start_guard_ticks(); ++i) tick();
    elect("a");
    tick();
    tick();
  }
  /// Lets nobody but `name` miss the leader for long enough.
  void elect(const std::string& name) {
    for (int i = 0; i < 40 && !leads(name); ++i) {
      for (auto& [other, server] : servers) {
        // Whoever hears a leader would not vote.
        if (other == name || i < 10) tick_one(*server);
      }
      run();
    }
    ASSERT_TRUE(leads(name));
  }
  bool leads(const std::string& name) {
    return !servers.at(name)->leadership.empty() && servers.at(name)->leadership.back();
  }
  void tick_one(Server& server) {
    clock.boot += std::chrono::milliseconds(1);
    server.replica->tick();
    run();
  }
  void tick() {
    clock.boot += std::chrono::milliseconds(50);
    for (auto& [name, server] : servers) server->replica->tick();
    run();
  }
  void wait(Nanos time) {
    for (Nanos waited{}; waited < time; waited += std::chrono::milliseconds(50)) tick();
  }
  void run() { loop.run_ready(); }

  RaftReplica& replica(const std::string& name) { return *servers.at(name)->replica; }
  Answer propose(const std::string& name, Command command) {
    auto answer = std::make_shared<std::optional<Result<Outcome>>>();
    loop.spawn("propose", propose_into(replica(name), std::move(command), answer));
    return answer;
  }
  Permit read(const std::string& name, Consistency consistency) {
    auto permit = std::make_shared<std::optional<Result<ReadPermit>>>();
    loop.spawn("read", read_into(replica(name), consistency, permit));
    return permit;
  }
  int calls(const std::string& name, api::RpcMethod method) {
    return servers.at(name)->calls.made[method];
  }
  std::string metric(const std::string& name, const std::string& metric_name) {
    const std::string text = servers.at(name)->metrics.prometheus_text();
    const std::size_t at = text.find("\n" + metric_name + " ");
    if (at == std::string::npos) return "none";
    const std::size_t value = at + metric_name.size() + 2;
    return text.substr(value, text.find('\n', value) - value);
  }
  /// The revision of a server's state: one for each change.
  std::uint64_t revision(const std::string& name) {
    return stored_revision(servers.at(name)->store.rows());
  }
  /// Links and calls, both ways.
  void cut(const std::string& name) { cut_off_.insert(name); }
  void heal(const std::string& name) { cut_off_.erase(name); }
  bool is_cut(const std::string& from, const std::string& to) const {
    return cut_off_.contains(from) || cut_off_.contains(to);
  }
  void release_calls() {
    held_calls.clear();
    released_.notify_all();
    run();
  }

  ReplicaOptions options{.own_timer = false};
  std::vector<std::string> names{"a", "b", "c"};
  FakeClock clock;
  Loop loop{"main"};
  std::map<std::string, std::unique_ptr<Server>> servers;
  /// Calls to these wait on their way; answers of those get lost; links that carry nothing.
  std::set<std::string> held_calls;
  std::set<std::string> lost_answers;
  std::set<std::pair<std::string, std::string>> silent_links;
  int heartbeats = 0;  ///< Sent, by all together.

 private:
  std::set<std::string> cut_off_;
  Waiter released_{loop};
  Links links_{*this};
};

inline Task<Result<std::string>> MemoryCalls::call(std::string address, api::RpcMethod method,
                                                   std::string body, Nanos) {
  ++made[method];
  const std::string to = address.substr(0, address.find(':'));
  while (test_.held_calls.contains(to)) {
    co_await test_.released_.wait_for(std::chrono::hours(1));
  }
  if (test_.is_cut(from_, to)) co_return fail(ErrorCode::io, "nobody there");
  auto answer = co_await test_.servers.at(to)->calls.answer(method, std::move(body));
  if (test_.is_cut(from_, to) || test_.lost_answers.contains(to)) {
    co_return fail(ErrorCode::unknown_outcome, "the connection ended");
  }
  co_return answer;
}

inline bool done(const Answer& answer) {
  return *answer && (*answer)->has_value() && (**answer)->done;
}
inline ErrorCode code_of(const Answer& answer) {
  return *answer && !(*answer)->has_value() ? (*answer)->error().code : ErrorCode::exists;
}

}  // namespace conclave::daemon
