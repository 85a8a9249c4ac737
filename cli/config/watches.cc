#include "cli/config/watches.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "api/codec/reader.h"
#include "api/hcl/shape.h"
#include "base/core/text.h"

namespace conclave::cli {
namespace {

using api::JsonValue;

struct WatchKind {
  std::string_view type;
  std::string_view needed;  ///< Parameter that must be there; "" = none.
  std::array<std::string_view, 4> parameters;
};

constexpr WatchKind kinds[] = {
    {"key", "key", {"key"}},
    {"keyprefix", "prefix", {"prefix"}},
    {"services", "", {"filter"}},
    {"nodes", "", {"filter"}},
    {"service", "service", {"service", "tag", "passingonly", "filter"}},
    {"checks", "", {"service", "state", "filter"}},
    {"event", "", {"name"}},
    {"agent_service", "service_id", {"service_id"}},
};

constexpr std::string_view shared_parameters[] = {
    "type",         "datacenter",          "token",     "stale",    "args", "handler",
    "handler_type", "http_handler_config", "namespace", "partition"};

bool is_among(std::string_view name, std::span<const std::string_view> names) {
  return std::ranges::any_of(names,
                             [&](std::string_view one) { return equal_ignoring_case(one, name); });
}

std::unexpected<Error> refuse(std::string message) {
  return fail(ErrorCode::bad_request, std::move(message));
}

/// `tag` may be a text; and HCL's lists of one are undone.
JsonValue shaped(const JsonValue& object) {
  JsonValue fitted = api::hcl::fitted<WatchDefinition>(object);
  if (auto* members = fitted.if_object()) {
    for (auto& [name, value] : *members) {
      if (!equal_ignoring_case(name, "tag") || value.if_string() == nullptr) continue;
      JsonValue::Array list;
      list.push_back(value);
      value = JsonValue(std::move(list));
    }
  }
  return fitted;
}

Result<const WatchKind*> kind_of(const WatchDefinition& watch) {
  if (watch.type.empty()) return refuse("Watch type must be defined");
  if (watch.type == "connect_roots" || watch.type == "connect_leaf") {
    return refuse(fmt::format("watch type {}: there is no service mesh", watch.type));
  }
  const auto* kind = std::ranges::find(kinds, watch.type, &WatchKind::type);
  if (kind == std::end(kinds)) return refuse("Unsupported watch type: " + watch.type);
  return kind;
}

Result<void> check_parameters(const JsonValue& json, const WatchKind& kind) {
  for (const auto& [name, value] : *json.if_object()) {
    if (is_among(name, shared_parameters) || is_among(name, kind.parameters)) continue;
    return refuse(fmt::format("Invalid parameters: [{}]", name));
  }
  const JsonValue* needed = kind.needed.empty() ? nullptr : json.find(kind.needed);
  const std::string* text = needed == nullptr ? nullptr : needed->if_string();
  if (!kind.needed.empty() && (text == nullptr || text->empty())) {
    return refuse(fmt::format("Must specify a single {} to watch", kind.needed));
  }
  return {};
}

Result<void> check_handler(const WatchDefinition& watch) {
  if (watch.handler_type != "script" && watch.handler_type != "http") {
    return refuse(fmt::format("Handler type '{}' not recognized", watch.handler_type));
  }
  const bool http = watch.handler_type == "http";
  const int handlers =
      (http ? 1 : 0) + (watch.args.empty() ? 0 : 1) + (watch.handler.empty() ? 0 : 1);
  if (handlers == 0) return refuse("Must define a watch handler: give args");
  if (handlers > 1) return refuse("Only one watch handler allowed");
  if (!http) return {};
  if (!watch.http_handler_config) {
    return refuse("Handler type 'http' requires 'http_handler_config' to be set");
  }
  if (watch.http_handler_config->path.empty()) return refuse("Requires 'path' to be set");
  return {};
}

Result<WatchDefinition> read(const JsonValue& object) {
  const JsonValue json = shaped(object);
  WatchDefinition watch;
  if (const JsonValue* type = json.find("type"); type != nullptr && type->if_string() != nullptr) {
    watch.type = *type->if_string();
  }
  CONCLAVE_TRY_ASSIGN(const WatchKind* kind, kind_of(watch));
  CONCLAVE_TRY(check_parameters(json, *kind));
  CONCLAVE_TRY(api::read_json(json, watch));
  if (!watch.service.empty() && !watch.state.empty()) {
    return refuse("Cannot specify service and state");
  }
  CONCLAVE_TRY(check_handler(watch));
  return watch;
}

}  // namespace

Result<WatchDefinition> read_watch(const Definition& given) {
  auto watch = read(given.object);
  if (!watch) return fail(given.source + ": watches", watch.error());
  return watch;
}

}  // namespace conclave::cli
