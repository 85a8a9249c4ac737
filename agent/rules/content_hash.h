#pragma once

/// The hash of a service that /v1/agent/service/:id shows and blocks on (contract 2.4).

#include <string>

#include "api/model/agent_service.h"

namespace conclave::agent {

/// Lower-case hex digits, at most 16, over what the answer shows, but for the hash itself,
/// datacenter and locality. It is the number that Consul gives for the same definition, so that a
/// tool that kept one sees no change: Consul hashes its Go struct member by member, the members'
/// hashes in any order, with FNV-1 in 64 bits. Oracle: the official Go client's own test.
std::string content_hash(const api::AgentService& service);

}  // namespace conclave::agent
