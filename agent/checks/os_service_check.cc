#include "agent/checks/os_service_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "agent/rules/output.h"
#include "base/run/process.h"

namespace conclave::agent {

namespace {

constexpr Nanos timeout_default = std::chrono::seconds(30);
constexpr std::size_t unit_name_max = 255;

CheckResult critical(std::string output) { return {CheckStatus::critical, std::move(output)}; }

/// What units are made of. Patterns, which systemctl would take for several units, are none.
bool is_unit_name(std::string_view name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view(":-_.\\@").contains(c);
  };
  return !name.empty() && name.size() <= unit_name_max && std::ranges::all_of(name, allowed);
}

/// Of "Name=value" lines; "" when it is not among them.
std::string_view property(std::string_view lines, std::string_view name) {
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    const std::string_view line = lines.substr(0, end);
    if (line.starts_with(name) && line.substr(name.size()).starts_with('=')) {
      return line.substr(name.size() + 1);
    }
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
  return {};
}

}  // namespace

CheckResult judge_unit(std::string_view service, std::string_view properties) {
  const std::string_view active = property(properties, "ActiveState");
  if (active == "active" || active == "reloading") {
    return {CheckStatus::passing, fmt::format("Service \"{}\" is healthy", service)};
  }
  if (active == "activating") {
    return {CheckStatus::warning, fmt::format("Service \"{}\" is starting", service)};
  }
  if (property(properties, "LoadState") == "not-found") {
    return critical(fmt::format("Service \"{}\" could not be found", service));
  }
  return critical(fmt::format("Service \"{}\" is not running: {} ({})", service, active,
                              property(properties, "SubState")));
}

Task<CheckResult> probe_os_service(Loop& loop, api::CheckDefinition check, std::string systemctl) {
  if (!is_unit_name(check.os_service)) {
    co_return critical(fmt::format("Service \"{}\" is not a name of a unit", check.os_service));
  }
  ProcessOptions options;
  options.argv = {
      std::move(systemctl), "show", "--no-pager", "--property=LoadState,ActiveState,SubState", "--",
      check.os_service};
  options.environment = {"LC_ALL=C"};
  options.timeout = check.timeout > Nanos::zero() ? check.timeout : timeout_default;
  const Nanos timeout = options.timeout;
  const Result<ProcessResult> ended = co_await run_process(loop, std::move(options));
  if (!ended) co_return critical(ended.error().message);
  if (ended->timed_out) co_return critical(timeout_output(timeout, ended->output));
  if (ended->exit_code != 0 || property(ended->output, "ActiveState").empty()) {
    co_return critical(fmt::format("Unable to look at service \"{}\": systemctl ended with {}: {}",
                                   check.os_service, ended->exit_code, ended->output));
  }
  co_return judge_unit(check.os_service, ended->output);
}

}  // namespace conclave::agent
