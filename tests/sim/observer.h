#pragma once

/// What must hold across all servers, at every step: the invariants of consensus, 1 to 18 (the
/// numbers are those of the design, section 8; tests/README.md says which is checked where). A
/// violation throws Violation, whose text begins with the number.

#include <cstdint>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "raft/core/configuration.h"
#include "raft/core/node.h"
#include "tests/sim/disk.h"

namespace conclave::sim {

class Violation : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};
inline void require(bool holds, const char* what) {
  if (!holds) throw Violation(what);
}

std::uint64_t mix(std::uint64_t hash, std::uint64_t value);
std::uint64_t digest(const raft::Entry& entry);

/// A server as configurations know it: a wiped disk is another one.
struct Member {
  raft::NodeId id;
  raft::Incarnation incarnation{};
  friend auto operator<=>(const Member&, const Member&) = default;
};

class Observer {
 public:
  explicit Observer(std::size_t servers) : seen_(servers) {}

  /// After every step of a server that runs. `writes`: to its log, now.
  void look_at(std::size_t server, const raft::Node& node, const SimDisk& disk, bool writes);
  /// A server begins again, with what is on its disk.
  void restarted(std::size_t server) { seen_[server] = {}; }
  void stopped(std::size_t server) { in_force_.erase(server); }

  void applied(const raft::Entry& entry, std::uint64_t state_hash);
  void wrote(const Member& member, const raft::HardState& hard_state);
  void wrote(const raft::Entry& entry, raft::Term previous_term);
  void damaged(const Member& member) { damaged_.insert(member); }
  /// 8: what is promised would survive a crash now.
  static void check_promise(const raft::Message& message, const SimDisk& disk);

  /// The largest commit index that any server knows of.
  raft::Index max_commit() const { return max_commit_; }
  /// The largest index that any server has applied: nobody has seen more.
  raft::Index last_applied() const { return {applied_.empty() ? 0 : applied_.size() - 1}; }
  /// Where the last configuration stands that any server knows to be committed.
  raft::Index committed_configuration() const { return committed_configuration_; }
  /// The largest term in which anybody led.
  raft::Term last_led() const { return leaders_.empty() ? raft::Term{} : leaders_.rbegin()->first; }

  std::uint64_t leaders = 0;
  std::uint64_t configurations = 0;

 private:
  struct Seen {
    raft::Role role = raft::Role::follower;
    raft::Term term;
    raft::Index commit;
    raft::Index applied;
    raft::Index configuration;
    raft::Term configuration_term;
    bool configuration_on_disk = false;  ///< It was compared with what the disk says.
  };
  struct Committed {
    raft::Term term;
    raft::Term committed_in;  ///< The lowest term in which a server knew it to be committed.
  };
  void look_at_new_leader(const raft::Node& node);
  void look_at_commit(Seen& seen, const raft::Node& node);
  void look_at_configuration(std::size_t server, const raft::Node& node, const SimDisk& disk,
                             bool writes);
  bool contradicts_what_is_committed(const raft::Node& node) const;

  std::vector<Seen> seen_;
  std::map<raft::Term, raft::NodeId> leaders_;
  std::vector<Committed> committed_;  ///< By index; term 0 = not known to be.
  std::vector<std::pair<std::uint64_t, std::uint64_t>> applied_;  ///< Entry's, state's hash.
  std::map<std::pair<raft::Index, raft::Term>, std::pair<std::uint64_t, raft::Term>> entries_;
  std::set<std::pair<raft::Index, raft::Term>> configuration_entries_;
  std::map<Member, raft::HardState> hard_states_;
  std::map<std::pair<Member, raft::Term>, raft::NodeId> votes_;
  std::set<Member> damaged_;
  raft::Index max_commit_;
  raft::Index committed_configuration_;
  /// Servers that run, those whose configuration has voters.
  std::map<std::size_t, const raft::Node*> in_force_;
};

/// 14: is there no majority of the one without a member of any majority of the other?
bool overlap(const raft::Configuration& a, const raft::Configuration& b);

}  // namespace conclave::sim
