#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/codec/reader.h"
#include "daemon/http/session.h"

namespace conclave::daemon {

namespace {

using CheckIds = std::vector<std::string>;

constexpr Nanos lock_delay_default{std::chrono::seconds(15)};
constexpr Nanos session_ttl_max{std::chrono::hours(24)};

/// The request as sent. Members whose null means something are kept as they came.
struct SessionBody {
  std::optional<std::string> node;
  std::string name;
  api::JsonValue lock_delay;
  std::string behavior;
  std::string ttl;
  std::vector<api::SessionServiceCheck> service_checks;
  std::string id;          ///< Echoed by clients that send back what they read; ignored.
  std::string name_space;  ///< Accepted and ignored, like the next two.
  std::uint64_t create_index = 0;
  std::uint64_t modify_index = 0;
  // Read apart: a null or empty list differs from an absent one.
  api::JsonValue checks;
  api::JsonValue node_checks;

  static constexpr auto fields() {
    using api::field;
    using B = SessionBody;
    return std::tuple{field(0, "Node", &B::node),
                      field(0, "Name", &B::name),
                      field(0, "LockDelay", &B::lock_delay),
                      field(0, "Behavior", &B::behavior),
                      field(0, "TTL", &B::ttl),
                      field(0, "ServiceChecks", &B::service_checks),
                      field(0, "ID", &B::id),
                      field(0, "Namespace", &B::name_space),
                      field(0, "CreateIndex", &B::create_index),
                      field(0, "ModifyIndex", &B::modify_index),
                      field(0, "Checks", &B::checks),
                      field(0, "NodeChecks", &B::node_checks)};
  }
};

/// Strings or numbers of nanoseconds; whatever is below 1000 is meant in seconds, as the first
/// clients sent it.
Result<Nanos> parse_lock_delay(const api::JsonValue& json) {
  if (json.is_null()) return lock_delay_default;
  Nanos delay{};
  CONCLAVE_TRY(api::read_json(json, delay, {}, "LockDelay"));
  delay = std::max(delay, Nanos(0));  // First: the smallest number cannot be multiplied.
  if (delay < Nanos(1000)) delay *= std::chrono::nanoseconds(std::chrono::seconds(1)).count();
  return delay;
}

/// A list of check ids over its default: null and [] both give an empty list.
Result<CheckIds> overlay(const api::JsonValue* json, std::string_view name) {
  if (json == nullptr) return CheckIds{"serfHealth"};
  CheckIds ids;
  CONCLAVE_TRY(api::read_json(*json, ids, {}, name));
  return ids;
}

/// The procedure of contract 5.1. Both lists start as [serfHealth].
CheckIds effective_checks(CheckIds checks, CheckIds node_checks) {
  const CheckIds preset{"serfHealth"};
  if (checks.empty()) return {};
  if (checks == preset || node_checks.empty()) return node_checks;
  for (std::string& id : node_checks) {
    if (std::ranges::find(checks, id) == checks.end()) checks.push_back(std::move(id));
  }
  return checks;
}

Result<std::string> checked_ttl(std::string ttl, Nanos ttl_min) {
  if (ttl.empty()) return ttl;
  const auto parsed = parse_duration(ttl);
  if (!parsed.has_value()) {
    return fail(ErrorCode::failed,
                fmt::format("Session TTL '{}' invalid: {}", ttl, parsed.error().message));
  }
  if (*parsed == Nanos(0)) return std::string();
  if (*parsed < ttl_min || *parsed > session_ttl_max) {
    return fail(ErrorCode::failed,
                fmt::format("Invalid Session TTL '{}', must be between [{}={}]", parsed->count(),
                            format_duration(ttl_min), format_duration(session_ttl_max)));
  }
  return ttl;
}

/// What is wrong with the JSON: a 400.
Result<SessionBody> read_body(const api::JsonValue& json, const ServerSettings& settings,
                              api::Session& session) {
  SessionBody body;
  CONCLAVE_TRY(api::read_json(json, body, {.strict = settings.strict_json}));
  CONCLAVE_TRY_ASSIGN(session.lock_delay, parse_lock_delay(body.lock_delay));
  CONCLAVE_TRY_ASSIGN(CheckIds checks, overlay(json.find("Checks"), "Checks"));
  CONCLAVE_TRY_ASSIGN(CheckIds node_checks, overlay(json.find("NodeChecks"), "NodeChecks"));
  session.node_checks = effective_checks(std::move(checks), std::move(node_checks));
  return body;
}

}  // namespace

Result<api::Session> parse_session(std::string_view text, const ServerSettings& settings) {
  return parse_session_at(text, settings, settings.node_name);
}

Result<api::Session> parse_session_at(std::string_view text, const ServerSettings& settings,
                                      const std::string& node) {
  api::JsonValue json{api::JsonValue::Object{}};
  if (!text.empty()) {
    auto parsed = api::parse_json(text);
    if (!parsed.has_value()) {
      return fail("Request decode failed", parsed.error());
    }
    json = std::move(*parsed);
  }
  api::Session session;
  auto body = read_body(json, settings, session);
  if (!body.has_value()) return fail("Request decode failed", body.error());
  session.name = std::move(body->name);
  session.node = body->node.value_or("");
  if (session.node.empty()) session.node = node;
  session.service_checks = std::move(body->service_checks);
  session.behavior = body->behavior.empty() ? "release" : std::move(body->behavior);
  if (session.behavior != "release" && session.behavior != "delete") {
    return fail(ErrorCode::failed, fmt::format("Invalid Behavior setting '{}'", session.behavior));
  }
  CONCLAVE_TRY_ASSIGN(session.ttl, checked_ttl(std::move(body->ttl), settings.session_ttl_min));
  return session;
}

}  // namespace conclave::daemon
