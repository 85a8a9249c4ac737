#pragma once

/// How a node finds the others and gets in: introductions, join lists, founding a cluster, and
/// presenting itself to the leader. Main thread. Everything is driven by tick() and by calls that
/// come in, and may fail at any point: the next round begins anew.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/core/result.h"
#include "base/run/waiter.h"
#include "daemon/members/bootstrap.h"
#include "daemon/members/membership_parts.h"

namespace conclave::daemon {

class Discovery {
 public:
  explicit Discovery(MembershipParts& parts);

  /// Before the first tick: reads the join lists; without a log, reads or writes the promise, and
  /// with `bootstrap` founds a cluster of one. Errors are start-up errors.
  Result<void> start();
  /// Several times a second.
  void tick();
  /// This node leaves: no more rounds. resume() when the leave failed.
  void pause() { paused_ = true; }
  void resume() { paused_ = false; }

  /// Somebody asks to join the node at that address ("host:port" or less). Done when that one lists
  /// this one as alive, or at once when neither has a cluster.
  Task<Result<void>> join(std::string address);

  // --- what others call
  Task<Result<std::string>> on_introduce(std::string body);
  Task<Result<std::string>> on_bootstrap(std::string body);

 private:
  struct Heard {
    Introduction said;
    Nanos at{};
  };
  struct JoinList {
    std::vector<std::string> addresses;
    bool done = true;
    bool running = false;
    std::int64_t failures = 0;
    Nanos next_at{};
  };

  // acquaintance.cc
  Introduction own_introduction() const;
  Task<Result<Introduction>> introduce(std::string address);
  /// To all of them at once; the first failure of each. `reached` counts nodes besides this one.
  struct Round {
    std::size_t reached = 0;
    std::size_t own = 0;
    std::vector<std::string> failures;
  };
  Task<Round> introduce_all(std::vector<std::string> addresses);
  Task<void> introduce_one(std::string address, Round* round, std::size_t* left, Waiter* done);
  Result<void> note(const Introduction& said);
  bool lists_alive(const NodeCard& card);
  std::vector<std::string> addresses_to_try() const;
  void forget_silent();

  // founding.cc
  Task<void> find_cluster();
  Task<void> found(BootstrapProposal proposal);
  Result<void> promise(const BootstrapProposal& proposal);
  Result<void> become_member(NewLog log);
  NewLog log_of(const BootstrapProposal& proposal) const;

  // discovery.cc
  bool is_admitted() const;
  bool knows_leader() const;
  Task<void> seek();
  Task<void> settle();
  Task<void> run_list(JoinList* list, bool once);
  Task<Result<void>> present();
  Task<Result<void>> ask_at(std::string address);
  Task<Result<void>> await_listing(std::string address);
  void say(const std::string& about, const std::string& sentence);

  MembershipParts& parts_;
  BootstrapPromise promise_;
  JoinList start_join_;
  JoinList retry_join_;
  std::map<std::string, Heard> heard_;       ///< Servers, by id; heard_max.
  std::set<std::string> told_;               ///< Addresses that others named; heard_max.
  std::map<std::string, std::string> said_;  ///< What was logged last, by subject.
  bool paused_ = false;
  bool dormant_ = false;   ///< Has left, and nobody asked it to come back.
  bool wants_in_ = false;  ///< Somebody asked for it to be let in.
  bool seeking_ = false;
  bool settling_ = false;
  bool presenting_ = false;
  Nanos next_seek_{};
  Nanos next_present_{};
  Nanos leader_seen_{};
  std::string presented_;  ///< Leader and term to whom this node has presented itself.

  static constexpr std::size_t heard_max = 64;
};

}  // namespace conclave::daemon
