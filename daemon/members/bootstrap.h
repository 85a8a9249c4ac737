#pragma once

/// How servers that have no log yet become one cluster, and never two (design section 6): pure
/// decisions.
///
/// Servers with the same bootstrap_expect and datacenter find each other by introductions. Once one
/// of them has heard exactly so many, itself among them, and has the lowest id, it proposes a
/// cluster id and exactly these members. Every one of them accepts one proposal, durably, before it
/// says so, and no other one ever after. When all have accepted, and not before, the members write
/// their logs: whoever has a log of that cluster, or was told so by one who has, knows that all
/// accepted.
///
/// Why there are never two: a log of cluster X among the N means that all N have accepted X; each
/// accepts once. A server that lost its disk has another incarnation, which X does not name, so it
/// cannot be taken for one that accepted.

#include <optional>
#include <span>
#include <string>

#include "base/core/result.h"
#include "daemon/members/records.h"
#include "raft/core/types.h"

namespace conclave::daemon {

/// What a server that has no log keeps on its disk (daemon/members/bootstrap_file.h).
struct BootstrapPromise {
  raft::Incarnation incarnation{};  ///< Made once: it is what a proposal names.
  std::optional<BootstrapProposal> accepted;

  friend bool operator==(const BootstrapPromise&, const BootstrapPromise&) = default;
};

/// Whether these two servers wait for each other: no log, the same expectation of two or more, the
/// same datacenter.
bool are_founders(const NodeCard& a, const NodeCard& b);

/// What `self` proposes now, if anything: what it has proposed and accepted before; or, when it has
/// accepted nothing, the founders among `heard` and itself if they are exactly as many as expected,
/// none has accepted anything, and its id is the lowest. `heard` may contain `self` and names each
/// server once. `fresh_id`: 16 random bytes.
std::optional<BootstrapProposal> proposal_due(const NodeCard& self,
                                              const std::optional<BootstrapProposal>& accepted,
                                              std::span<const NodeCard> heard,
                                              const UuidBytes& fresh_id);

/// Whether `self` may accept the proposal, or has accepted it already. The caller writes the
/// promise before it answers. Refusals are `exists` (another one was accepted, or there is a log)
/// and bad_request, with sentences that name both sides.
Result<void> judge_proposal(const NodeCard& self, const std::optional<BootstrapProposal>& accepted,
                            const BootstrapProposal& proposal);

/// True when hearing of an initialised server of `cluster_id` tells that what was accepted here has
/// become a cluster.
bool is_committed_by(const std::optional<BootstrapProposal>& accepted,
                     const api::Bytes& cluster_id);

/// What all first members write as their first entry.
raft::Configuration first_configuration(const BootstrapProposal& proposal);

/// Two servers that wait for different numbers; nullopt when they agree or do not wait.
std::optional<std::string> expectation_conflict(const NodeCard& self, const NodeCard& other);

/// "n1 (id), n2 (id)".
std::string member_names(const BootstrapProposal& proposal);

}  // namespace conclave::daemon
