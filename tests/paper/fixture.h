#pragma once

/// A single node under test, "a" of {a, b, c} unless said otherwise, whose peers are played by the
/// test.

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "raft/core/configuration.h"
#include "raft/core/node.h"
#include "tests/raft_cluster/cluster.h"

namespace conclave::raft {

inline Entry command(std::uint64_t term, std::uint64_t index, std::string payload = "x") {
  return {Term{term}, Index{index}, EntryKind::command, std::move(payload)};
}

/// A log whose entries have these terms, from index 1 on.
inline InitialState log_of_terms(const std::vector<std::uint64_t>& terms,
                                 std::uint64_t current_term, std::uint64_t commit = 0) {
  InitialState initial;
  initial.hard_state.current_term = Term{current_term};
  for (std::size_t i = 0; i < terms.size(); ++i) {
    initial.entries.push_back(command(terms[i], i + 1));
  }
  initial.commit_index = Index{commit};
  return initial;
}

class Subject {
 public:
  explicit Subject(InitialState initial = {},
                   const std::vector<std::string>& names = {"a", "b", "c"},
                   const Options& options = test_options())
      : node(NodeId{"a"}, options, with(std::move(initial), names), Rng(1)) {
    tick(static_cast<int>(options.start_guard_ticks()));  // From here on it grants votes.
    exchange();
  }

  void tick(int times) {
    for (int i = 0; i < times; ++i) node.tick();
  }
  void receive(const std::string& from, std::uint64_t term, MessageBody body) {
    node.receive({NodeId{from}, NodeId{"a"}, Term{term}, std::move(body)});
  }
  /// Takes one Ready and leaves its write under way.
  Ready take() {
    Ready ready = node.take_ready();
    if (!ready.committed.empty()) node.applied(ready.committed.back().index);
    if (shares_commit) node.share_commit();
    return ready;
  }
  /// Takes what is ready and completes writes until there is nothing more; returns all messages.
  std::vector<Message> exchange() {
    std::vector<Message> messages;
    while (node.has_ready()) {
      Ready ready = take();
      for (Message& message : ready.messages) messages.push_back(std::move(message));
      for (const Entry& entry : ready.committed) applied.push_back(entry);
      reads.insert(reads.end(), ready.reads.begin(), ready.reads.end());
      if (ready.must_write()) node.persisted(ready.batch);
    }
    return messages;
  }
  /// The bodies of that kind among what exchange() gives.
  template <class Body>
  std::vector<Body> sent() {
    return bodies<Body>(exchange());
  }
  template <class Body>
  static std::vector<Body> bodies(const std::vector<Message>& messages) {
    std::vector<Body> out;
    for (const Message& message : messages) {
      if (const auto* body = std::get_if<Body>(&message.body)) out.push_back(*body);
    }
    return out;
  }

  /// Wins an election with the vote of b (and of d in larger clusters).
  void become_candidate() {
    node.campaign();
    exchange();
    const Term term = next(node.current_term());
    for (const char* peer : {"b", "d"}) {
      receive(peer, node.current_term().value, RequestVoteReply{term, true, true});
    }
    EXPECT_EQ(node.role(), Role::candidate);
  }
  void become_leader() {
    become_candidate();
    exchange();
    for (const char* peer : {"b", "d"}) {
      receive(peer, node.current_term().value, RequestVoteReply{node.current_term(), false, true});
    }
    EXPECT_EQ(node.role(), Role::leader);
  }
  void acknowledge(const std::string& from, Index match) {
    receive(from, node.current_term().value, AppendEntriesReply{true, match, {}, {}, {}});
  }
  std::vector<std::uint64_t> terms() const {
    std::vector<std::uint64_t> out;
    for (Index i = node.first_index(); i <= node.last_index(); i = next(i)) {
      out.push_back(node.term_at(i)->value);
    }
    return out;
  }

  Node node;
  std::vector<Entry> applied;
  std::vector<ReadPoint> reads;
  bool shares_commit = true;  ///< At once, instead of waiting for a next entry that may bring it.

 private:
  static InitialState with(InitialState initial, const std::vector<std::string>& names) {
    initial.configuration = voters(names);
    return initial;
  }
};

}  // namespace conclave::raft
