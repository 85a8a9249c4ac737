#pragma once

/// What may be registered, and the exact texts for what may not (contract 6.1, 7.1, 7.2).
/// Everything here takes normalised definitions.

#include "api/model/agent_check.h"
#include "api/model/agent_service.h"
#include "base/core/result.h"

namespace conclave::agent {

/// Where a definition came from: over HTTP, or from a file of this machine.
enum class Origin { api, file };

/// Who may have scripts run. Both off by default: whoever may register could run programs as this
/// process.
struct ScriptPolicy {
  bool everybody = false;   ///< enable_script_checks
  bool files_only = false;  ///< enable_local_script_checks
};

/// Name, address, weights, meta and the checks; errors have ErrorCode::bad_request.
Result<void> validate_service(const api::ServiceDefinition& service);

/// A check of its own: name, status and definition.
Result<void> validate_check(const api::CheckDefinition& check);

/// Whether the scripts among these checks may run; ErrorCode::failed (500) with the contract's text
/// otherwise.
Result<void> scripts_allowed(const api::CheckDefinition& check, ScriptPolicy policy, Origin origin);

/// Meta of services and nodes: number, key, value. `allow_reserved`: the keys beginning with
/// `consul-`.
Result<void> validate_meta(const api::StringMap& meta, bool allow_reserved);

/// not_found, `Unknown service ID "<id>". Ensure that the service ID is passed, not the service
/// name.`
std::unexpected<Error> unknown_service(const std::string& id);
/// not_found, `Unknown check ID "<id>". Ensure that the check ID is passed, not the check name.`
std::unexpected<Error> unknown_check(const std::string& id);

/// True for names that DNS can carry: letters, digits and dashes, at most 63. Others are accepted,
/// with a warning.
bool is_dns_safe(std::string_view name);

}  // namespace conclave::agent
