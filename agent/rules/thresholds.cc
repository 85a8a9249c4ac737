#include "agent/rules/thresholds.h"

namespace conclave::agent {

namespace {

Thresholds with_defaults(Thresholds given) {
  if (given.failures_before_warning == 0) {
    given.failures_before_warning = given.failures_before_critical;
  }
  return given;
}

}  // namespace

StatusDamper::StatusDamper(Thresholds thresholds)
    : thresholds_(with_defaults(thresholds)),
      successes_(thresholds_.success_before_passing),
      failures_(thresholds_.failures_before_critical) {}

std::optional<CheckStatus> StatusDamper::judge(CheckStatus result) {
  if (result != CheckStatus::critical) {
    failures_ = 0;
    successes_ += 1;
    if (successes_ < thresholds_.success_before_passing) return std::nullopt;
    return result;
  }
  successes_ = 0;
  failures_ += 1;
  if (failures_ >= thresholds_.failures_before_critical) return CheckStatus::critical;
  if (failures_ >= thresholds_.failures_before_warning) return CheckStatus::warning;
  return std::nullopt;
}

}  // namespace conclave::agent
