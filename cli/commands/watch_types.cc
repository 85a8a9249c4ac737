#include "cli/commands/watch_types.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "api/codec/writer.h"
#include "api/model/event.h"
#include "api/model/kv.h"

namespace conclave::cli {
namespace {

/// Every flag that chooses what is watched; which type takes which is in the table below.
constexpr std::array<std::string_view, 8> choosing_flags = {
    "key", "prefix", "service", "tag", "passingonly", "state", "filter", "name"};

/// Four times as many as a server lists.
constexpr std::size_t seen_events_max = 1024;

std::string value_of(const ParsedFlags& flags, std::string_view name) {
  return flags.value(name).value_or("");
}

std::unexpected<Error> missing(std::string_view what) {
  return fail(ErrorCode::bad_request, fmt::format("Must specify a single {} to watch", what));
}

/// A pair as Consul's Go client shows it, which is not the order of the API.
void append_pair(std::string& out, const api::KvEntry& entry) {
  api::JsonObject object(out);
  object.add("Key", entry.key)
      .add("CreateIndex", entry.create_index)
      .add("ModifyIndex", entry.modify_index)
      .add("LockIndex", entry.lock_index)
      .add("Flags", entry.flags)
      .add("Value", entry.value)
      .add("Session", entry.session);
  object.end();
}

Result<std::vector<api::KvEntry>> pairs_of(bool exists, const std::string& body) {
  if (!exists) return std::vector<api::KvEntry>();
  return api::decode_body<std::vector<api::KvEntry>>(body);
}

Result<std::string> one_pair(bool exists, const std::string& body) {
  CONCLAVE_TRY_ASSIGN(const auto pairs, pairs_of(exists, body));
  if (pairs.empty()) return std::string("null");
  std::string out;
  append_pair(out, pairs.front());
  return out;
}

Result<std::string> all_pairs(bool exists, const std::string& body) {
  CONCLAVE_TRY_ASSIGN(const auto pairs, pairs_of(exists, body));
  if (pairs.empty()) return std::string("null");
  std::string out = "[";
  for (const api::KvEntry& pair : pairs) {
    if (out.size() > 1) out += ',';
    append_pair(out, pair);
  }
  return out + "]";
}

/// The answer itself, without the spaces that a server in dev mode puts in.
Result<std::string> as_answered(bool exists, const std::string& body) {
  if (!exists) return std::string("null");
  CONCLAVE_TRY_ASSIGN(const api::JsonValue json, api::parse_json(body));
  std::string out;
  json.append_to(out);
  return out;
}

Result<WatchQuery> plan_key(const ParsedFlags& flags) {
  std::string key = value_of(flags, "key");
  if (key.starts_with('/')) key.erase(0, 1);
  if (key.empty()) return missing("key");
  return WatchQuery{"/v1/kv/" + escape_path(key), {}, one_pair};
}

Result<WatchQuery> plan_prefix(const ParsedFlags& flags) {
  if (!flags.value("prefix")) return missing("prefix");
  std::string prefix = value_of(flags, "prefix");
  if (prefix.starts_with('/')) prefix.erase(0, 1);
  return WatchQuery{
      "/v1/kv/" + escape_path(prefix), {{.name = "recurse", .value = "", .bare = true}}, all_pairs};
}

WatchQuery filtered(const ParsedFlags& flags, WatchQuery plan) {
  const std::string filter = value_of(flags, "filter");
  if (!filter.empty()) plan.query.push_back({"filter", filter});
  return plan;
}

Result<WatchQuery> plan_services(const ParsedFlags& flags) {
  return filtered(flags, {"/v1/catalog/services", {}, as_answered});
}

Result<WatchQuery> plan_nodes(const ParsedFlags& flags) {
  return filtered(flags, {"/v1/catalog/nodes", {}, as_answered});
}

Result<WatchQuery> plan_service(const ParsedFlags& flags) {
  const std::string service = value_of(flags, "service");
  if (service.empty()) return missing("service");
  WatchQuery plan{"/v1/health/service/" + escape_path(service), {}, as_answered};
  for (const std::string& tag : flags.all("tag")) plan.query.push_back({"tag", tag});
  const std::string passing = value_of(flags, "passingonly");
  if (passing == "true" || passing == "1") {
    plan.query.push_back({.name = "passing", .value = "", .bare = true});
  } else if (!passing.empty() && passing != "false" && passing != "0") {
    return fail(ErrorCode::bad_request, "passingonly must be true or false, not " + passing);
  }
  return filtered(flags, std::move(plan));
}

Result<WatchQuery> plan_checks(const ParsedFlags& flags) {
  const std::string service = value_of(flags, "service");
  const std::string state = value_of(flags, "state");
  if (!service.empty() && !state.empty()) {
    return fail(ErrorCode::bad_request, "Cannot specify service and state");
  }
  const std::string path = service.empty()
                               ? "/v1/health/state/" + (state.empty() ? "any" : escape_path(state))
                               : "/v1/health/checks/" + escape_path(service);
  return filtered(flags, {path, {}, as_answered});
}

Result<WatchQuery> plan_event(const ParsedFlags& flags) {
  WatchQuery plan{"/v1/event/list", {}, as_answered, true};
  const std::string name = value_of(flags, "name");
  if (!name.empty()) plan.query.push_back({"name", name});
  return plan;
}

}  // namespace

Result<std::string> unseen_events(const std::string& json, std::set<std::string>* seen) {
  CONCLAVE_TRY_ASSIGN(const auto events, api::decode_body<std::vector<api::UserEvent>>(json));
  std::vector<api::UserEvent> unseen;
  std::set<std::string> listed;
  for (const api::UserEvent& event : events) {
    listed.insert(event.id);
    if (!seen->contains(event.id)) unseen.push_back(event);
  }
  if (seen->size() > seen_events_max) seen->clear();
  seen->merge(listed);
  return api::to_json(unseen);
}

std::span<const WatchType> watch_types() {
  static const WatchType types[] = {
      {"key", {"key"}, plan_key},
      {"keyprefix", {"prefix"}, plan_prefix},
      {"services", {"filter"}, plan_services},
      {"nodes", {"filter"}, plan_nodes},
      {"service", {"service", "tag", "passingonly", "filter"}, plan_service},
      {"checks", {"service", "state", "filter"}, plan_checks},
      {"event", {"name"}, plan_event},
  };
  return types;
}

WatchQuery plan_agent_service(const std::string& id) {
  return {"/v1/agent/service/" + escape_path(id), {}, as_answered, false, true};
}

Result<WatchQuery> plan_watch(const ParsedFlags& flags) {
  const std::string name = value_of(flags, "type");
  const auto type = std::ranges::find(watch_types(), name, &WatchType::name);
  if (type == watch_types().end()) {
    return fail(ErrorCode::bad_request, "Unsupported watch type: " + name);
  }
  for (const FlagValue& one : flags.values()) {
    const bool chooses = std::ranges::find(choosing_flags, one.name) != choosing_flags.end();
    if (chooses && std::ranges::find(type->flags, one.name) == type->flags.end()) {
      return fail(ErrorCode::bad_request, fmt::format("Invalid parameters: [{}]", one.name));
    }
  }
  return type->plan(flags);
}

}  // namespace conclave::cli
