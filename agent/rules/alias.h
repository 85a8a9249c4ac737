#pragma once

/// What an alias check says of the service or node it stands for (contract 7.3).

#include <string>
#include <vector>

#include "agent/rules/status.h"
#include "api/model/catalog.h"

namespace conclave::agent {

/// One run of a check.
struct CheckResult {
  CheckStatus status = CheckStatus::critical;
  std::string output;

  friend bool operator==(const CheckResult&, const CheckResult&) = default;
};

/// The worst of `checks`, which are those of the node and, when one is named, of the service; the
/// first of the worst is named.
CheckResult alias_result(const std::vector<api::HealthCheck>& checks);

/// The target is a service that the node does not have.
CheckResult alias_missing(const std::string& service_id, const std::string& node);

}  // namespace conclave::agent
