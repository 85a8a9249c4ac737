#pragma once

/// What must hold across all servers, at every step (the numbers are the invariants of the design,
/// section 8). A violation throws Violation, which names the rule.

#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "raft/core/node.h"
#include "tests/sim/state.h"

namespace conclave::raft {

class Violation : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// How often each thing happened that a run should exercise.
struct Coverage {
  std::uint64_t leaders = 0;
  std::uint64_t truncations = 0;
  std::uint64_t installs = 0;
  std::uint64_t configurations = 0;
  std::uint64_t transfers = 0;
  std::uint64_t crashes = 0;
  std::uint64_t lost_writes = 0;
  std::uint64_t wipes = 0;
  std::uint64_t pauses = 0;
  std::uint64_t partitions = 0;
  std::uint64_t acknowledged = 0;
  std::uint64_t reads = 0;
  std::uint64_t lease_reads = 0;
};

class Observer {
 public:
  explicit Observer(std::size_t servers) : seen_(servers) {}

  /// After every step of a server that runs.
  void look_at(std::size_t server, const Node& node);
  /// A server begins again, with what is on its disk.
  void restarted(std::size_t server) { seen_[server] = {}; }

  void applied(const Entry& entry, const SimState& state);
  void wrote(std::size_t server, const Incarnation& incarnation, const HardState& hard_state);
  void wrote(const Entry& entry, Term previous_term);

  /// The largest commit index that any server knows of.
  Index max_commit() const { return max_commit_; }
  /// 19 and 20.
  void read_from(Index index, Index committed_before, const std::string& how) const;

  Coverage coverage;

 private:
  struct Seen {
    Role role = Role::follower;
    Term term;
    Index commit;
    Index configuration;
  };
  struct Committed {
    Term term;
    Term committed_in;  ///< The lowest term in which a server knew it to be committed.
  };
  void look_at_leader(const Node& node, bool is_new);
  void look_at_commit(Seen& seen, const Node& node);

  std::vector<Seen> seen_;
  std::map<Term, NodeId> leaders_;
  std::map<Index, Committed> committed_;
  std::map<Index, std::pair<std::uint64_t, std::uint64_t>> applied_;  ///< Entry's, state's hash.
  std::map<std::pair<Index, Term>, std::pair<std::uint64_t, Term>> entries_;
  std::map<std::pair<std::size_t, Incarnation>, HardState> votes_;
  Index max_commit_;
};

}  // namespace conclave::raft
