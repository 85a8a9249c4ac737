#pragma once

/// A few raft nodes in one process, for tests of the algorithm: messages wait in a queue until they
/// are delivered, writes until they are completed, and both may be lost. Nothing happens by itself
/// and nothing is random, so a test says exactly what happens in which order; a trace of it can be
/// read as a story.

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "raft/core/configuration.h"
#include "raft/core/node.h"
#include "tests/raft_cluster/describe.h"

namespace conclave::raft {

/// Options with which tests are short: heartbeat 1, election 10-20, lease 8 ticks.
Options test_options();
/// Voters of that name, incarnation zero, address "<name>:8300".
Configuration voters(const std::vector<std::string>& names);

class Cluster {
 public:
  /// Voters with an empty log but for the first configuration entry, started so long ago that they
  /// grant votes.
  explicit Cluster(const std::vector<std::string>& names, const Options& options = test_options());
  /// The same with logs as a test wants them. Nodes not named start as above.
  Cluster(const std::vector<std::string>& names, std::map<std::string, InitialState> logs,
          const Options& options = test_options());

  /// Starts a server that knows nothing and nobody, as one that will be added does.
  void join(const std::string& name);

  Node& node(const std::string& name);
  /// Payloads of the commands applied by a node since its start.
  const std::vector<std::string>& applied(const std::string& name) const;
  /// "term:kind-or-payload" of every entry in a node's log, as its disk has it.
  std::vector<std::string> log_of(const std::string& name) const;

  // --- inputs; each carries out what becomes ready, without completing writes or delivering
  // messages
  void tick(const std::string& name, int times = 1);
  void campaign(const std::string& name);
  Result<Index> propose(const std::string& name, const std::string& payload);
  Result<Index> change(const std::string& name, std::span<const MembershipChange> changes);
  Result<void> transfer(const std::string& name, const std::string& target);
  Result<ReadId> read(const std::string& name);
  void receive(const Message& message);

  // --- the disk
  bool write_pending(const std::string& name) const;
  /// Completes the node's write, if there is one.
  bool complete_write(const std::string& name);
  /// Loses what is in memory and the write under way; restart() begins again from the disk.
  void crash(const std::string& name);
  void restart(const std::string& name);
  /// Checkpoints what is applied and forgets the log up to there.
  void compact(const std::string& name);

  // --- the network
  /// Delivers the oldest message from one to the other; false if there is none.
  bool deliver(const std::string& from, const std::string& to);
  void cut(const std::string& a, const std::string& b);
  void isolate(const std::string& name);
  void heal();
  void drop_messages();
  const std::deque<Message>& messages() const { return network_; }
  /// The latest message of a kind, if one waits.
  template <class Body>
  std::optional<Body> waiting(const std::string& from, const std::string& to) const;

  /// Completes writes and delivers messages until there is nothing left to do.
  void settle();
  /// Lets everybody forget the present leader, then makes `name` campaign and settles.
  void elect(const std::string& name);
  /// The one leader of the highest term; "" if there is none.
  std::string leader() const;

  /// What happened since the last call, one line each.
  std::vector<std::string> take_trace() { return std::exchange(trace_, {}); }
  /// Reads answered so far: (id, index), and ids that failed.
  const std::vector<ReadPoint>& reads(const std::string& name) const;
  const std::vector<ReadId>& failed_reads(const std::string& name) const;

 private:
  struct Member {
    std::optional<Node> node;
    // The disk.
    Configuration base_configuration;
    Index base_index;
    Term base_term;
    std::vector<std::string> base_applied;  ///< The state machine's checkpoint, at base_index.
    std::string made;                       ///< The snapshot for others.
    std::string received;                   ///< Of a snapshot, as far as it came.
    std::optional<PartialSnapshot> partial;
    HardState hard_state;
    std::vector<Entry> entries;
    Index commit_hint;
    // The write under way.
    std::optional<Ready> write;
    std::vector<std::string> applied;
    std::vector<ReadPoint> reads;
    std::vector<ReadId> failed_reads;
    std::string standing;
  };

  Member& member(const std::string& name);
  const Member& member(const std::string& name) const;
  void start(const std::string& name);
  void warm_up();
  void carry_out(const std::string& name);
  void carry_out(const std::string& name, Ready ready);
  void transfer_snapshots(const std::string& name, Ready& ready);
  void install(const std::string& name, const SnapshotMeta& snapshot);
  void read_log(const std::string& name, const LogRead& read);
  static void forget_log(Member& one, Index through);
  bool is_cut(const Message& message) const;
  void note(std::string line);
  void note_standing(const std::string& name);

  Options options_;
  Configuration configuration_;
  std::map<std::string, Member> members_;
  std::deque<Message> network_;
  std::set<std::pair<std::string, std::string>> cuts_;
  std::vector<std::string> trace_;
};

template <class Body>
std::optional<Body> Cluster::waiting(const std::string& from, const std::string& to) const {
  std::optional<Body> found;
  for (const Message& message : network_) {
    if (message.from.value != from || message.to.value != to) continue;
    if (const auto* body = std::get_if<Body>(&message.body)) found = *body;
  }
  return found;
}

}  // namespace conclave::raft
