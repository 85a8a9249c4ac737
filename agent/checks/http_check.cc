#include "agent/checks/http_check.h"

#include <utility>

#include "api/http/client.h"
#include "base/core/text.h"

namespace conclave::agent {

namespace {

constexpr Nanos timeout_default = std::chrono::seconds(10);
constexpr std::uint32_t redirects_max = 10;

api::ClientRequest request_of(const api::CheckDefinition& check, std::uint64_t output_max) {
  api::ClientRequest request;
  request.method = check.method.empty() ? "GET" : check.method;
  request.url = check.http;
  request.body = check.body;
  request.timeout = check.timeout > Nanos::zero() ? check.timeout : timeout_default;
  request.body_bytes_max = output_max;
  request.redirects_max = check.disable_redirects ? 0 : redirects_max;
  request.patient = true;
  bool agent_named = false;
  bool accept_named = false;
  for (const auto& [name, values] : check.header) {
    agent_named = agent_named || equal_ignoring_case(name, "User-Agent");
    accept_named = accept_named || equal_ignoring_case(name, "Accept");
    for (const std::string& value : values) request.headers.push_back({name, value});
  }
  if (!agent_named) request.headers.push_back({"User-Agent", "Consul Health Check"});
  if (!accept_named) request.headers.push_back({"Accept", "text/plain, text/*, */*"});
  return request;
}

CheckStatus status_of(int http_status) {
  if (http_status >= 200 && http_status < 300) return CheckStatus::passing;
  return http_status == 429 ? CheckStatus::warning : CheckStatus::critical;
}

}  // namespace

Task<CheckResult> probe_http(Loop& loop, std::shared_ptr<const api::CheckDefinition> check,
                             std::uint64_t output_max, std::shared_ptr<TlsContext> tls,
                             bool same_host) {
  api::ClientRequest request = request_of(*check, output_max);
  request.tls = std::move(tls);
  request.reach = Reach::no_metadata;
  request.redirects_leave_host = !same_host;
  request.tls_server_name = check->tls_server_name;
  const std::string method = request.method;
  Result<api::ClientResponse> response = co_await api::http_call(loop, std::move(request));
  if (!response) co_return CheckResult{CheckStatus::critical, response.error().message};
  std::string body = std::move(response->body);
  if (body.size() > output_max) body.resize(output_max);
  co_return CheckResult{status_of(response->status), "HTTP " + method + " " + check->http + ": " +
                                                         std::to_string(response->status) + " " +
                                                         response->reason + " Output: " + body};
}

}  // namespace conclave::agent
