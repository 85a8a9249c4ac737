#pragma once

/// Changing who is in the cluster, as pure functions: from one configuration to the next through
/// joint consensus (§6; dissertation §4.3), and when a learner has earned its vote (§4.2.1).
///
/// A change of the voters enters a joint configuration and leaves it with a second entry; any
/// number of servers may change at once. A change that touches no vote needs one entry.

#include <cstdint>
#include <span>

#include "base/core/result.h"
#include "raft/core/options.h"
#include "raft/core/types.h"

namespace conclave::raft {

struct MembershipChange {
  enum class Kind : std::uint8_t {
    add_learner,  ///< A new server with id, incarnation and address; it does not vote yet.
    promote,      ///< A learner becomes a voter.
    demote,       ///< A voter becomes a learner.
    remove,
    readdress,  ///< The server is reached at another address.
  };
  Kind kind = Kind::add_learner;
  Server server;  ///< The id names it; what else counts depends on the kind.
};

/// The configuration to append next: joint when votes change. Requires that `current` is not joint.
/// Errors: exists (adding a server that is a member, in whatever incarnation: a wiped one is
/// removed first), not_found, bad_request (a change that changes nothing, or would leave no voter).
Result<Configuration> changed_configuration(const Configuration& current,
                                            std::span<const MembershipChange> changes);
/// What a joint configuration leads to.
Configuration without_outgoing(const Configuration& joint);

/// What a leader knows of a learner.
struct LearnerStanding {
  Index match_index;
  Index leader_commit;
  std::uint64_t ticks_since_heard = 0;
  std::uint64_t ticks_caught_up = 0;  ///< For so long is_caught_up() has been true without a break.
};

/// Within promote_lag_entries_max of what is committed, and heard within an election timeout.
bool is_caught_up(const LearnerStanding& learner, const Options& options);
/// Caught up, and for long enough that promoting it does not make the cluster wait for it.
bool may_promote(const LearnerStanding& learner, const Options& options);

}  // namespace conclave::raft
