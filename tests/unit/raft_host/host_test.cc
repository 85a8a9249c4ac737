#include "raft/host/host.h"

#include <gtest/gtest.h>

#include <deque>

#include "raft/core/configuration.h"
#include "tests/raft_cluster/cluster.h"

namespace conclave::raft {
namespace {

/// All three ports of one host, writing down what they are asked in the order they are asked it.
class Ports : public LogPort, public StateMachinePort, public PeersPort {
 public:
  void write(const HardState* hard_state, std::span<const Entry> entries, Index,
             std::function<void()> durable) override {
    EXPECT_FALSE(writing) << "one write at a time";
    EXPECT_TRUE(hard_state != nullptr || !entries.empty());
    story.push_back("write " + std::to_string(entries.size()));
    if (synchronous) return durable();
    writing = std::move(durable);
  }
  void release(Index through) override { story.push_back("release " + text(through)); }
  std::size_t may_apply(std::span<const Entry> entries) override {
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (entries[i].payload == slow) return i;
    }
    return entries.size();
  }
  void apply(std::span<const Entry> entries) override {
    EXPECT_FALSE(applying) << "not re-entered";
    applying = true;
    for (const Entry& entry : entries) {
      const bool command = entry.kind == EntryKind::command;
      story.push_back("apply " + text(entry.index) + (command ? " " + entry.payload : ""));
      if (on_apply) on_apply(entry);
    }
    applying = false;
  }
  void leadership_changed(Role role, Term term, const NodeId& leader) override {
    story.push_back((role == Role::leader ? "leading " : "not leading ") +
                    std::to_string(term.value) + (leader.value.empty() ? "" : " " + leader.value));
  }
  void ready_for_proposal() override {
    story.push_back("ready");
    if (on_ready) on_ready();
  }
  void commit_unshared() override { story.push_back("unshared"); }
  void send(std::vector<Message> messages) override {
    story.push_back("send " + std::to_string(messages.size()));
    for (Message& message : messages) sent.push_back(std::move(message));
  }

  void complete_write() {
    ASSERT_TRUE(writing);
    std::exchange(writing, nullptr)();
  }
  std::vector<std::string> take() { return std::exchange(story, {}); }
  static std::string text(Index index) { return std::to_string(index.value); }

  std::string slow = "slow";  ///< Entries that may not be applied yet.
  bool synchronous = false;
  bool applying = false;
  std::function<void()> writing;
  std::function<void(const Entry&)> on_apply;
  std::function<void()> on_ready;
  std::vector<std::string> story;
  std::vector<Message> sent;
};

using Story = std::vector<std::string>;

Node node_of(const std::vector<std::string>& names, std::uint64_t commands = 0) {
  InitialState initial;
  initial.hard_state.current_term = Term{1};
  initial.entries = {first_entry(voters(names))};
  for (std::uint64_t i = 0; i < commands; ++i) {
    initial.entries.push_back({Term{1}, Index{2 + i}, EntryKind::command, "old"});
  }
  initial.commit_index = Index{1 + commands};
  return Node(NodeId{"a"}, test_options(), std::move(initial), Rng(1));
}

class LoneHost : public testing::Test {
 protected:
  void lead() {
    host.start();
    ports.complete_write();
    ports.take();
  }
  Ports ports;
  Host host{node_of({"a"}), ports, ports, ports};
};

TEST_F(LoneHost, starts_by_applying_what_is_committed_and_then_leads) {
  host.start();
  EXPECT_EQ(ports.take(), (Story{"not leading 1", "apply 1", "leading 2 a", "write 1"}));
  EXPECT_FALSE(host.accepts_proposal());
  ports.complete_write();
  EXPECT_EQ(ports.take(), (Story{"apply 2", "ready"}));
  EXPECT_TRUE(host.accepts_proposal());
}

TEST_F(LoneHost, an_entry_is_applied_after_exactly_one_write) {
  lead();
  const auto position = host.propose("x");
  ASSERT_TRUE(position);
  EXPECT_EQ(*position, (LogPosition{Term{2}, Index{3}}));
  EXPECT_EQ(ports.take(), (Story{"write 1"}));
  ports.complete_write();
  EXPECT_EQ(ports.take(), (Story{"apply 3 x", "ready"}));
}

TEST_F(LoneHost, what_arrives_during_a_write_goes_into_the_next) {
  lead();
  ASSERT_TRUE(host.propose("1"));
  EXPECT_FALSE(host.accepts_proposal());
  ASSERT_TRUE(host.propose("2"));
  ASSERT_TRUE(host.propose("3"));
  EXPECT_EQ(ports.take(), (Story{"write 1"}));
  ports.complete_write();
  // The next write is started before the last one's entries are applied: the disk works meanwhile.
  EXPECT_EQ(ports.take(), (Story{"write 2", "apply 3 1"}));
  ports.complete_write();
  EXPECT_EQ(ports.take(), (Story{"apply 4 2", "apply 5 3", "ready"}));
}

TEST_F(LoneHost, what_takes_long_to_apply_holds_back_what_follows_and_nothing_else) {
  lead();
  for (const char* payload : {"1", "slow", "3"}) ASSERT_TRUE(host.propose(payload));
  ports.complete_write();
  ports.complete_write();
  EXPECT_EQ(ports.take(), (Story{"write 1", "write 2", "apply 3 1", "ready"}));
  ASSERT_TRUE(host.propose("4"));
  ports.complete_write();
  host.tick();
  host.apply_rest();
  EXPECT_EQ(ports.take(), (Story{"write 1", "ready"})) << "it goes on leading and writing";
  EXPECT_EQ(host.node().commit_index(), Index{6});
  EXPECT_EQ(host.node().applied_index(), Index{3});

  ports.slow = "none";
  host.apply_rest();
  EXPECT_EQ(ports.take(), (Story{"apply 4 slow", "apply 5 3", "apply 6 4"}));
  EXPECT_EQ(host.node().applied_index(), Index{6});
}

TEST_F(LoneHost, readiness_is_announced_once_for_each_write) {
  lead();
  int asked = 0;
  ports.on_ready = [&] {
    if (++asked < 4) ASSERT_TRUE(host.propose(std::to_string(asked)));
  };
  ASSERT_TRUE(host.propose("0"));
  for (int i = 0; i < 4; ++i) ports.complete_write();
  EXPECT_EQ(asked, 4);
  host.tick();
  EXPECT_EQ(asked, 4);
}

TEST_F(LoneHost, a_log_that_completes_within_write_works_the_same) {
  ports.synchronous = true;
  int left = 5;
  ports.on_ready = [&] {
    if (left-- > 0) ASSERT_TRUE(host.propose("x"));
  };
  host.start();
  EXPECT_EQ(left, -1);
  EXPECT_EQ(host.node().applied_index(), Index{7});
}

TEST_F(LoneHost, proposing_while_entries_are_applied_is_not_recursive) {
  lead();
  ports.synchronous = true;
  ports.on_apply = [&](const Entry& entry) {
    if (entry.index < Index{20}) {
      ASSERT_TRUE(host.propose("again"));
    }
  };
  ASSERT_TRUE(host.propose("first"));
  EXPECT_EQ(host.node().applied_index(), Index{20});
}

TEST_F(LoneHost, a_read_is_answered_at_once) {
  lead();
  std::optional<Index> at;
  host.request_read([&](Result<Index> index) {
    ASSERT_TRUE(index);
    at = *index;
  });
  EXPECT_EQ(at, Index{2});
}

TEST_F(LoneHost, a_checkpoint_cuts_the_log_in_memory_and_on_disk) {
  lead();
  host.checkpointed(Index{2});
  EXPECT_EQ(ports.take(), (Story{"release 2"}));
  EXPECT_EQ(host.node().first_index(), Index{3});
}

TEST(Host, one_of_three_waits_for_its_timeout) {
  Ports ports;
  Host host(node_of({"a", "b", "c"}), ports, ports, ports);
  host.start();
  EXPECT_EQ(ports.take(), (Story{"not leading 1", "apply 1"}));
  for (int i = 0; i < 20; ++i) host.tick();
  EXPECT_FALSE(ports.sent.empty());
}

TEST(Host, a_follower_refuses_proposals_and_reads) {
  Ports ports;
  Host host(node_of({"a", "b", "c"}), ports, ports, ports);
  host.start();
  EXPECT_FALSE(host.accepts_proposal());
  const auto position = host.propose("x");
  ASSERT_FALSE(position);
  EXPECT_EQ(position.error().code, ErrorCode::no_leader);
  bool refused = false;
  host.request_read([&](Result<Index> index) { refused = !index; });
  EXPECT_TRUE(refused);
}

TEST(Host, the_write_is_started_before_messages_are_sent_and_entries_applied) {
  Ports ports;
  Host host(node_of({"a", "b"}), ports, ports, ports);
  host.start();
  while (host.node().role() == Role::follower) host.tick();
  const auto answer = [&](MessageBody body) {
    host.receive({NodeId{"b"}, NodeId{"a"}, host.node().current_term(), std::move(body)});
  };
  answer(RequestVoteReply{Term{2}, true, true});
  ports.complete_write();
  ports.take();
  answer(RequestVoteReply{Term{2}, false, true});
  EXPECT_EQ(ports.take(), (Story{"leading 2 a", "write 1", "send 2"}));
  ports.complete_write();
  answer(AppendEntriesReply{true, Index{2}, {}, {}, {}});
  // Others hear of a commit once it is applied here: by the next entry, or when asked for.
  EXPECT_EQ(ports.take(), (Story{"apply 2", "ready", "unshared"}));
  host.share_commit();
  EXPECT_EQ(ports.take(), (Story{"send 1"}));
  EXPECT_EQ(std::get<AppendEntries>(ports.sent.back().body).leader_commit, Index{2});
}

TEST(Host, reads_under_way_fail_with_leadership) {
  Ports ports;
  Host host(node_of({"a", "b"}), ports, ports, ports);
  host.start();
  while (host.node().role() == Role::follower) host.tick();
  ports.synchronous = true;
  const auto answer = [&](std::uint64_t term, MessageBody body) {
    host.receive({NodeId{"b"}, NodeId{"a"}, Term{term}, std::move(body)});
  };
  answer(1, RequestVoteReply{Term{2}, true, true});
  answer(2, RequestVoteReply{Term{2}, false, true});
  std::optional<ErrorCode> code;
  host.request_read([&](Result<Index> index) {
    ASSERT_FALSE(index);
    code = index.error().code;
  });
  EXPECT_FALSE(code);
  answer(5, AppendEntriesReply{});
  EXPECT_EQ(code, ErrorCode::no_leader);
}

}  // namespace
}  // namespace conclave::raft
