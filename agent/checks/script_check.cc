#include "agent/checks/script_check.h"

#include <utility>

#include "agent/rules/output.h"
#include "base/run/process.h"

namespace conclave::agent {

namespace {

constexpr Nanos timeout_default = std::chrono::seconds(30);

CheckStatus status_of(const ProcessResult& ended) {
  if (ended.signal != 0) return CheckStatus::critical;
  if (ended.exit_code == 0) return CheckStatus::passing;
  return ended.exit_code == 1 ? CheckStatus::warning : CheckStatus::critical;
}

}  // namespace

Task<CheckResult> probe_script(Loop& loop, api::CheckDefinition check, std::uint64_t output_max) {
  ProcessOptions options;
  options.argv = check.args;
  options.output_max = output_max;
  options.timeout = check.timeout > Nanos::zero() ? check.timeout : timeout_default;
  const Nanos timeout = options.timeout;
  Result<ProcessResult> ended = co_await run_process(loop, std::move(options));
  if (!ended) co_return CheckResult{CheckStatus::critical, ended.error().message};
  std::string output = script_output(std::move(ended->output), ended->output_size);
  if (ended->timed_out) {
    co_return CheckResult{CheckStatus::critical, timeout_output(timeout, output)};
  }
  co_return CheckResult{status_of(*ended), std::move(output)};
}

}  // namespace conclave::agent
