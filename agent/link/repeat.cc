#include "agent/link/repeat.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace conclave::agent {

bool may_be_repeated(const api::Request& request) {
  const bool reads = request.method == api::Method::get || request.method == api::Method::head ||
                     request.method == api::Method::options;
  return reads || !request.header("x-conclave-request-id").empty();
}

std::optional<Nanos> wait_of(const api::Request& request, const api::WaitLimits& limits) {
  const std::string_view index = request.parameter("index").value_or("");
  if (request.method != api::Method::get || index.empty() || index == "0") return std::nullopt;
  const std::string_view text = request.parameter("wait").value_or("");
  const auto wait = parse_duration(text);
  const Nanos wanted = wait && *wait > Nanos{} ? *wait : limits.default_wait;
  return std::min(wanted, limits.max_wait);
}

std::string with_wait(std::string_view target, Nanos wait) {
  const std::size_t question = std::min(target.find('?'), target.size());
  std::string out(target.substr(0, question));
  out += '?';
  std::string_view query = target.substr(std::min(question + 1, target.size()));
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (pair == "wait" || pair.starts_with("wait=") || pair.empty()) continue;
    out.append(pair).append(1, '&');
  }
  out += fmt::format("wait={}ms", std::chrono::ceil<std::chrono::milliseconds>(wait).count());
  return out;
}

}  // namespace conclave::agent
