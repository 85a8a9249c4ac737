#pragma once

/// The committed log as the one truth about what clients saw: each command that was acknowledged
/// stands in it once, between its call and its return; each read equals the state at its place;
/// sessions, locks, fencing tokens and watches follow from it (invariants 19 and 21 to 24). That is
/// stronger than looking for some order that would explain the answers: the order is known.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "daemon/command/command.h"
#include "daemon/store/rows.h"
#include "raft/core/types.h"
#include "tests/sim/model.h"
#include "tests/sim/timeline.h"

namespace conclave::sim {

/// One row of the changes table.
struct Change {
  std::uint64_t revision = 0;
  std::string key;   ///< Of the row: order of keys is order of changes.
  std::string name;  ///< Of the object.
  bool is_key = false;
  friend bool operator==(const Change&, const Change&) = default;
};
/// From a server's rows: those after `revision`.
std::vector<Change> changes_after(const daemon::ReadRows& rows, std::uint64_t revision);

/// The number that a client's command carries; 0 = none.
std::uint64_t operation_of(const daemon::Command& command);

class Truth {
 public:
  explicit Truth(const Timeline& timeline) : timeline_(timeline) {}

  /// A server applied the entry and got these outcomes; the first to do so adds it to the truth,
  /// with `rows` as they are now.
  void applied(const raft::Entry& entry, const daemon::EntryPayload& payload,
               const std::vector<daemon::Outcome>& outcomes, const daemon::ReadRows& rows);
  /// A leader makes this entry now: its cluster time is no later than that.
  void stamped(raft::Index index, raft::Term term) { stamped_[{index, term}] = timeline_.now(); }

  // --- what clients saw
  /// 24, and linearizability of writes.
  void acknowledged(std::uint64_t operation, SimTime called);
  /// Certainly not applied, and never will be.
  void refused(std::uint64_t operation);
  /// 19: a read that a server answered from its state at `at`, or 23 for a watch.
  void check_read(const std::string& key, raft::Index at, const std::optional<ModelEntry>& entry,
                  std::uint64_t index, const char* how) const;
  /// 23: a stream of changes that goes on where it was.
  void check_changes(std::uint64_t after, const std::vector<Change>& changes) const;

  // --- sessions and locks
  /// A renewal that the client knows of was granted at that time.
  void renewed(const std::string& session, SimTime granted);
  /// A leader begins to time sessions: each has a full period from now on.
  void took_office() { in_office_since_ = timeline_.now(); }
  /// Who acquired the lock with that token takes it for his until then; again with every renewal.
  /// now = no longer.
  void believes(const std::string& key, std::uint64_t fence, SimTime until);
  void abandoned(const std::string& session) { abandoned_.insert(session); }
  /// 21, when leaders had time to see to it: none that nobody has renewed for so long.
  void check_no_session_outlives(SimTime slack) const;

  const Model& model() const { return model_; }
  raft::Index last() const { return last_; }
  std::uint64_t expiries = 0;
  std::uint64_t handovers = 0;
  std::uint64_t commands = 0;
  std::uint64_t repeated = 0;

 private:
  struct Effect {
    SimTime first{};
  };
  struct Life {
    SimTime granted{};
    SimTime twice_ttl{};
    bool live = true;
    bool expired = false;
  };
  struct Holding {
    std::string session;
    SimTime since{};
    SimTime until{};  ///< So long the holder takes it for his.
  };
  struct Lock {
    std::map<std::uint64_t, Holding> holdings;  ///< By token; the last one may be over.
    SimTime delayed_from{};
    SimTime delay{};
  };

  void add(const daemon::Command& command, std::uint64_t cluster_ms);
  void note_effect(std::uint64_t operation);
  void note_session_begins(const api::Session& session);
  void note_session_ends(const daemon::SessionEnd& end);
  void note_lock(const daemon::KvOp& op, const Verdict& verdict);
  void note_changes(const daemon::ReadRows& rows);

  const Timeline& timeline_;
  Model model_;
  raft::Index last_;
  std::vector<std::vector<Verdict>> verdicts_;  ///< By index.
  std::map<std::string, std::vector<std::pair<raft::Index, std::optional<ModelEntry>>>> versions_;
  std::vector<std::pair<raft::Index, std::uint64_t>> kv_indexes_;
  std::map<std::uint64_t, std::set<std::string>> expected_changes_;  ///< Of keys, by revision.
  std::vector<Change> changes_;
  std::map<std::pair<raft::Index, raft::Term>, SimTime> stamped_;
  SimTime stamped_at_{};  ///< When the entry being added got its time.
  std::map<std::uint64_t, Effect> effects_;
  std::set<std::uint64_t> refused_;
  std::map<std::string, Life> lives_;
  std::map<std::string, Lock> locks_;
  std::set<std::string> abandoned_;
  SimTime in_office_since_{};
};

}  // namespace conclave::sim
