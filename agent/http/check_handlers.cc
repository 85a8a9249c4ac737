// /v1/agent/check*, /v1/agent/checks (contract 6.3, 7.2).

#include <map>
#include <utility>

#include "agent/http/handlers.h"
#include "agent/http/parameters.h"
#include "agent/rules/status.h"
#include "api/codec/reader.h"
#include "api/codec/writer.h"
#include "api/model/agent_check.h"
#include "api/rest/respond.h"

namespace conclave::agent {

namespace {

Task<api::Response> report(AgentContext* context, std::string id, CheckStatus status,
                           std::string output) {
  const Result<void> done = context->checks.report(id, status, std::move(output));
  if (!done) co_return api::error_response(done.error());
  co_await context->syncer.push();
  co_return api::empty_response();
}

std::string note_of(const api::Request& request) {
  return std::string(request.parameter("note").value_or(""));
}

}  // namespace

Task<api::Response> register_check(AgentContext* context, api::Request request, std::string rest) {
  static_cast<void>(rest);
  const api::ReadRules rules{.strict = context->options.strict_json};
  auto check = api::decode_body<api::CheckDefinition>(request.body, rules);
  if (!check) co_return api::error_response(check.error());
  const Result<void> done = context->local.register_check(std::move(*check), Origin::api);
  if (!done) co_return api::error_response(done.error());
  co_await context->syncer.push();
  co_return api::empty_response();
}

Task<api::Response> deregister_check(AgentContext* context, api::Request request,
                                     std::string rest) {
  static_cast<void>(request);
  const Result<void> done = context->local.remove_check(rest);
  if (!done) co_return api::error_response(done.error());
  co_await context->syncer.push();
  co_return api::empty_response();
}

Task<api::Response> list_checks(AgentContext* context, api::Request request, std::string rest) {
  static_cast<void>(rest);
  const auto filter = filter_parameter<api::HealthCheck>(request);
  if (!filter) co_return api::error_response(filter.error());
  std::map<std::string, api::HealthCheck> checks;
  for (const auto& [id, row] : context->local.image().checks) checks.emplace(id, row.check);
  filter->keep_accepted(checks);
  co_return api::json_response(api::to_json(checks));
}

Task<api::Response> pass_check(AgentContext* context, api::Request request, std::string rest) {
  return report(context, std::move(rest), CheckStatus::passing, note_of(request));
}

Task<api::Response> warn_check(AgentContext* context, api::Request request, std::string rest) {
  return report(context, std::move(rest), CheckStatus::warning, note_of(request));
}

Task<api::Response> fail_check(AgentContext* context, api::Request request, std::string rest) {
  return report(context, std::move(rest), CheckStatus::critical, note_of(request));
}

Task<api::Response> update_check(AgentContext* context, api::Request request, std::string rest) {
  const api::ReadRules rules{.strict = context->options.strict_json};
  auto update = api::decode_body<api::CheckUpdate>(request.body, rules);
  if (!update) co_return api::error_response(update.error());
  const std::optional<CheckStatus> status = parse_status(update->status);
  if (!status) {
    co_return api::text_response(400, "Invalid check status: '" + update->status + "'");
  }
  co_return co_await report(context, std::move(rest), *status, std::move(update->output));
}

}  // namespace conclave::agent
