#pragma once

/// Damping of check results (contract 7.3): how many results in a row it takes before a check
/// changes its status. Not for TTL checks.

#include <cstdint>
#include <optional>

#include "agent/rules/status.h"

namespace conclave::agent {

struct Thresholds {
  std::int64_t success_before_passing = 0;
  std::int64_t failures_before_warning = 0;  ///< 0 = failures_before_critical.
  std::int64_t failures_before_critical = 0;

  friend bool operator==(const Thresholds&, const Thresholds&) = default;
};

/// Counts one check's results. Counters start full, so that the first result counts at once.
class StatusDamper {
 public:
  explicit StatusDamper(Thresholds thresholds);

  /// The status to publish with this result, or nullopt: too few in a row, the status stays.
  std::optional<CheckStatus> judge(CheckStatus result);

 private:
  const Thresholds thresholds_;
  std::int64_t successes_;
  std::int64_t failures_;
};

}  // namespace conclave::agent
