// /v1/agent/service*, /v1/agent/services: registration and local reads (contract 6.1 to 6.3, 2.4).

#include <map>
#include <utility>

#include "agent/http/handlers.h"
#include "agent/http/parameters.h"
#include "agent/rules/content_hash.h"
#include "agent/rules/definitions.h"
#include "api/codec/reader.h"
#include "api/codec/writer.h"
#include "api/model/agent_service.h"
#include "api/rest/respond.h"

namespace conclave::agent {

namespace {

/// Present with an empty value or a true one.
bool replace_checks_wanted(const api::Request& request) {
  const std::optional<std::string_view> value = request.parameter("replace-existing-checks");
  return value && (value->empty() || parse_bool(*value).value_or(false));
}

/// ?wait after default, cap and jitter (contract 2.2).
Result<Nanos> wait_of(AgentContext& context, const api::Request& request) {
  Nanos wait = Nanos::zero();
  const std::string_view text = request.parameter("wait").value_or("");
  if (!text.empty()) {
    const Result<Nanos> given = parse_duration(text);
    if (!given) return fail(ErrorCode::bad_request, "Invalid wait time");
    wait = *given;
  }
  const api::WaitLimits& limits = context.options.waits;
  if (wait <= Nanos::zero()) wait = limits.default_wait;
  return api::with_jitter(std::min(wait, limits.max_wait), context.rng.next());
}

api::AgentService shown(const AgentContext& context, const api::NodeService& row) {
  return agent_service(row, context.local.image().node.datacenter);
}

}  // namespace

Task<api::Response> register_service(AgentContext* context, api::Request request,
                                     std::string rest) {
  static_cast<void>(rest);
  const api::ReadRules rules{.strict = context->options.strict_json};
  auto service = api::decode_body<api::ServiceDefinition>(request.body, rules);
  if (!service) co_return api::error_response(service.error());
  const Result<void> done = context->local.register_service(std::move(*service), Origin::api,
                                                            replace_checks_wanted(request));
  if (!done) co_return api::error_response(done.error());
  // Contract 6.1: the next read of the catalog sees it.
  co_await context->syncer.push();
  co_return api::empty_response();
}

Task<api::Response> deregister_service(AgentContext* context, api::Request request,
                                       std::string rest) {
  static_cast<void>(request);
  const Result<void> done = context->local.remove_service(rest);
  if (!done) co_return api::error_response(done.error());
  co_await context->syncer.push();
  co_return api::empty_response();
}

Task<api::Response> list_services(AgentContext* context, api::Request request, std::string rest) {
  static_cast<void>(rest);
  const auto filter = filter_parameter<api::AgentService>(request);
  if (!filter) co_return api::error_response(filter.error());
  std::map<std::string, api::AgentService> services;
  for (const auto& [id, row] : context->local.image().services) {
    services.emplace(id, shown(*context, row.service));
  }
  filter->keep_accepted(services);
  co_return api::json_response(api::to_json(services));
}

Task<api::Response> read_service(AgentContext* context, api::Request request, std::string rest) {
  const Result<Nanos> wait = wait_of(*context, request);
  if (!wait) co_return api::error_response(wait.error());
  const std::string known_hash(request.parameter("hash").value_or(""));
  const Nanos deadline = context->clock.boot_now() + *wait;
  for (;;) {
    const auto& services = context->local.image().services;
    const auto row = services.find(rest);
    if (row == services.end()) {
      co_return api::text_response(404, "unknown service ID: " + rest);
    }
    api::AgentService service = shown(*context, row->second.service);
    service.content_hash = content_hash(service);
    const Nanos left = deadline - context->clock.boot_now();
    if (service.content_hash != known_hash || left <= Nanos::zero()) {
      api::Response response = api::json_response(api::to_json(service));
      response.set_header("X-Consul-ContentHash", service.content_hash);
      co_return response;
    }
    co_await context->local.changes().wait_for(left);
  }
}

}  // namespace conclave::agent
