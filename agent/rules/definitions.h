#pragma once

/// From what people write to what the agent works with: folding of spellings, defaults, names of
/// checks inside services, and the catalog's view of a definition (contract 6.1, 7.1).

#include <string>
#include <string_view>

#include "api/model/agent_check.h"
#include "api/model/agent_service.h"
#include "api/model/catalog.h"

namespace conclave::agent {

/// What runs a check. `none`: maintenance checks, which nothing runs.
enum class CheckType { none, script, http, tcp, ttl, alias, udp, grpc, h2ping, docker, os_service };

/// Judged by the members that are set; Interval and TTL alone decide between nothing and `ttl`.
CheckType check_type(const api::CheckDefinition& check);
/// The `Type` member of a HealthCheck: "script", "http", ...; "maintenance" for none.
std::string_view check_type_text(CheckType type);

/// True when no member is set: such a Check of a service is ignored (contract 7.1).
bool is_empty(const api::CheckDefinition& check);

/// Folds ID and CheckID (ID wins), ScriptArgs and Args (ScriptArgs wins). A check without id is
/// called by its name. Raises an interval below a second to one second and a deregistration time
/// below a minute to one minute.
void normalise(api::CheckDefinition& check);

/// The ID from the name; Check to the front of Checks; empty checks dropped; checks normalised,
/// named and bound to the service: `service:<id>`, or `service:<id>:<n>` when there are several,
/// and `Service '<name>' check`.
void normalise(api::ServiceDefinition& service);

/// The catalog's row of a service: weights default to 1, an IP address fills `lan_ipv4` and
/// `wan_ipv4` (or `_ipv6`).
api::NodeService catalog_service(const api::ServiceDefinition& service);

/// The catalog's row of a check on `node`, critical unless the definition says otherwise. `service`
/// is nullptr for a check of the node.
api::HealthCheck catalog_check(const api::CheckDefinition& check, std::string_view node,
                               const api::NodeService* service);

/// What /v1/agent/services shows of a catalog row; no hash.
api::AgentService agent_service(const api::NodeService& service, std::string_view datacenter);

}  // namespace conclave::agent
