#pragma once

/// Deliberate mistakes: a switch of the whole simulation. A simulator is worth what it notices.

#include <array>
#include <cstdint>

#include "raft/core/mutation.h"

namespace conclave::sim {

enum class Mutant : std::uint8_t {
  none,
  no_fsync,                ///< The disk says that it wrote, and forgets it in a crash.
  vote_not_stored,         ///< The term is stored, the vote is not.
  prior_term_commit,       ///< Entries of older terms are committed by counting.
  lease_by_wrong_clock,    ///< Ticks instead of the boot clock: they stand still in a pause.
  applied_index_apart,     ///< The applied index is stored without the effects.
  watch_skips,             ///< A slow reader of changes goes on at the newest.
  truncates_damage,        ///< A damaged record in the middle is taken for a torn end.
  read_before_noop,        ///< A read index before an entry of the own term is committed.
  change_before_own_term,  ///< A change of the configuration before that.
  applies_twice,           ///< A restart applies entries whose effects are there already.
  no_joint_consensus,      ///< Any number of voters changes in one step.
  votes_at_once,           ///< A server votes as soon as it has started.
};

struct MutantName {
  Mutant mutant;
  const char* name;
};
inline constexpr std::array mutant_names{
    MutantName{Mutant::no_fsync, "no fsync"},
    MutantName{Mutant::vote_not_stored, "vote not stored"},
    MutantName{Mutant::prior_term_commit, "prior-term commit"},
    MutantName{Mutant::lease_by_wrong_clock, "lease read with the wrong clock"},
    MutantName{Mutant::applied_index_apart, "applied index outside the transaction"},
    MutantName{Mutant::watch_skips, "watch skips on a slow reader"},
    MutantName{Mutant::truncates_damage, "truncation on damage in the middle of the log"},
    MutantName{Mutant::read_before_noop, "read index before the no-op"},
    MutantName{Mutant::change_before_own_term, "configuration change without own-term commit"},
    MutantName{Mutant::applies_twice, "entries applied twice after a restart"},
    MutantName{Mutant::no_joint_consensus, "no joint consensus"},
    MutantName{Mutant::votes_at_once, "votes at once after a start"},
};

inline Mutant present_mutant = Mutant::none;
inline bool is(Mutant mutant) { return present_mutant == mutant; }
/// Before a World is made.
inline void mutate(Mutant mutant) {
  present_mutant = mutant;
  raft::core_mutation = {
      .commits_by_counting_any_term = mutant == Mutant::prior_term_commit,
      .reads_before_own_term = mutant == Mutant::read_before_noop,
      .changes_before_own_term = mutant == Mutant::change_before_own_term,
      .changes_without_joint_consensus = mutant == Mutant::no_joint_consensus,
      .votes_at_once_after_start = mutant == Mutant::votes_at_once,
  };
}

}  // namespace conclave::sim
