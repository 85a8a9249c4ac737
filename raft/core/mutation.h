#pragma once

/// Deliberate mistakes, for the simulator, which has to notice each of them
/// (tests/sim/mutants_test.cc). Nothing else includes this but the rules that it breaks; nothing
/// ever sets it but the simulator.

namespace conclave::raft {

struct CoreMutation {
  bool commits_by_counting_any_term = false;     ///< Breaks §5.4.2, Figure 8.
  bool reads_before_own_term = false;            ///< Breaks §8: a read index before the no-op.
  bool changes_before_own_term = false;          ///< Breaks the correction of 2015 to §4.1.
  bool changes_without_joint_consensus = false;  ///< Breaks §6.
  bool votes_at_once_after_start = false;        ///< A restart forgets the lease it helped to give.
};

inline CoreMutation core_mutation;

}  // namespace conclave::raft
