#pragma once

/// Messages, entries and configurations as one reads them in a trace.

#include <string>
#include <vector>

#include "raft/core/configuration.h"
#include "raft/core/message.h"

namespace conclave::raft {

/// "{a b c?}": c is a learner; in joint consensus "{a b c} and {a b}".
std::string describe(const Configuration& configuration);
/// "2:x": term and payload or kind.
std::string describe_entry(const Entry& entry);
/// "3..4 (2:x 2:y)"
std::string describe_entries(const std::vector<Entry>& entries);
/// "b → a term 2 RequestVoteReply for term 2 granted"
std::string describe(const Message& message);

}  // namespace conclave::raft
