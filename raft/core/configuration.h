#pragma once

/// What a configuration decides: who votes, what a majority is; and its bytes in a log entry.
///
/// [1 version = 1][servers][outgoing], each list: varint count, then per server
/// varint-sized id, 16 bytes incarnation, varint-sized address, 1 byte suffrage.

#include <functional>
#include <string>
#include <string_view>

#include "base/core/result.h"
#include "raft/core/types.h"

namespace conclave::raft {

std::string encode_configuration(const Configuration& configuration);
/// Strict: ErrorCode::corrupt for an unknown version or suffrage, a server named twice in one list,
/// bytes missing or left over.
Result<Configuration> decode_configuration(std::string_view bytes);

/// The term of the first entry. Nobody leads in it.
inline constexpr Term first_term{1};
/// The first entry of every log: all first members of a cluster write the same one before they
/// start.
Entry first_entry(const Configuration& configuration);

/// In `servers` or `outgoing`, in any suffrage.
const Server* find_server(const Configuration& configuration, const NodeId& id);
/// The same, and of that incarnation in every list that names it; zeros on either side match any.
const Server* find_member(const Configuration& configuration, const NodeId& id,
                          const Incarnation& incarnation);
bool is_voter(const Configuration& configuration, const NodeId& id);
bool is_voter(const Configuration& configuration, const NodeId& id, const Incarnation& incarnation);
/// True when the configuration has no other server than `id`, not even a learner, and `id` is a
/// voter.
bool is_alone(const Configuration& configuration, const NodeId& id);

/// True when `agrees` holds for a majority of the voters in `servers` and, in joint consensus, for
/// one of those in `outgoing` (§6). False without voters.
bool has_quorum(const Configuration& configuration,
                const std::function<bool(const NodeId&)>& agrees);

/// The largest value v for which a quorum has value_of(id) >= v: what commit index, read rounds and
/// leases are judged by.
std::uint64_t quorum_value(const Configuration& configuration,
                           const std::function<std::uint64_t(const NodeId&)>& value_of);

}  // namespace conclave::raft
