#include "daemon/read/query_template.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/core/text.h"

namespace conclave::daemon {
namespace {

/// What expressions can name. Without values it is enough to check them.
struct Names {
  std::string_view full;
  std::string_view prefix;
  std::string_view suffix;
  std::vector<std::string> matches;
};

/// The n of `match(n)`; nullopt if it is not that.
std::optional<std::int64_t> match_number(std::string_view expression) {
  constexpr std::string_view function = "match";
  if (!expression.starts_with(function)) return std::nullopt;
  expression = trim_spaces(expression.substr(function.size()));
  if (!expression.starts_with('(') || !expression.ends_with(')')) return std::nullopt;
  return parse_i64(trim_spaces(expression.substr(1, expression.size() - 2)));
}

Result<std::string> evaluate(std::string_view expression, const Names& names) {
  expression = trim_spaces(expression);
  if (expression == "name.full") return std::string(names.full);
  if (expression == "name.prefix") return std::string(names.prefix);
  if (expression == "name.suffix") return std::string(names.suffix);
  if (expression == "agent.segment") return std::string();
  if (const auto number = match_number(expression)) {
    const auto size = static_cast<std::int64_t>(names.matches.size());
    const bool known = *number >= 0 && *number < size;
    return known ? names.matches[static_cast<std::size_t>(*number)] : std::string();
  }
  return fail(ErrorCode::failed, fmt::format("unknown expression '{}'", expression));
}

/// One text with its expressions evaluated.
Result<std::string> interpolate(std::string_view text, const Names& names) {
  std::string out;
  for (;;) {
    const std::size_t at = text.find("${");
    if (at == std::string_view::npos) return out.append(text);
    if (at > 0 && text[at - 1] == '$') {
      out.append(text.substr(0, at - 1)).append("${");
      text.remove_prefix(at + 2);
      continue;
    }
    const std::size_t end = text.find('}', at);
    if (end == std::string_view::npos) {
      return fail(ErrorCode::failed, "expected '}' after an expression");
    }
    out.append(text.substr(0, at));
    CONCLAVE_TRY_ASSIGN(const std::string value,
                        evaluate(text.substr(at + 2, end - at - 2), names));
    out.append(value);
    text.remove_prefix(end + 1);
  }
}

/// Visits the texts of a query with their paths, as Consul writes these.
template <class Visit>
Result<void> for_each_text(api::ServiceQuery& query, Visit visit) {
  const auto each = [&](const char* name, std::vector<std::string>& list) -> Result<void> {
    for (std::size_t i = 0; i < list.size(); ++i) {
      CONCLAVE_TRY(visit(fmt::format("{}[{}]", name, i), list[i]));
    }
    return {};
  };
  const auto each_value = [&](const char* name, api::StringMap& map) -> Result<void> {
    for (auto& [key, value] : map) CONCLAVE_TRY(visit(fmt::format("{}[{}]", name, key), value));
    return {};
  };
  CONCLAVE_TRY(visit(".Service", query.service));
  CONCLAVE_TRY(visit(".SamenessGroup", query.sameness_group));
  CONCLAVE_TRY(each(".Failover.Datacenters", query.failover.datacenters));
  for (std::size_t i = 0; i < query.failover.targets.size(); ++i) {
    api::QueryFailoverTarget& target = query.failover.targets[i];
    const std::string path = fmt::format(".Failover.Targets[{}]", i);
    CONCLAVE_TRY(visit(path + ".Peer", target.peer));
    CONCLAVE_TRY(visit(path + ".Datacenter", target.datacenter));
  }
  CONCLAVE_TRY(each(".IgnoreCheckIDs", query.ignore_check_ids));
  CONCLAVE_TRY(visit(".Near", query.near));
  CONCLAVE_TRY(each(".Tags", query.tags));
  CONCLAVE_TRY(each_value(".NodeMeta", query.node_meta));
  CONCLAVE_TRY(each_value(".ServiceMeta", query.service_meta));
  return visit(".Peer", query.peer);
}

Result<void> fill_in(api::ServiceQuery& query, const Names& names) {
  return for_each_text(query, [&](const std::string& path, std::string& text) -> Result<void> {
    auto value = interpolate(text, names);
    if (!value.has_value()) {
      return fail(ErrorCode::failed,
                  fmt::format("failed compiling template: Bad format '{}' in Service{}: {}", text,
                              path, value.error().message));
    }
    text = std::move(*value);
    return {};
  });
}

/// The whole match and its groups; nothing if there is none.
std::vector<std::string> matches_of(const std::string& regexp, std::string_view name) {
  if (regexp.empty()) return {};
  const RE2 pattern(regexp, RE2::Quiet);
  if (!pattern.ok()) return {};
  std::vector<re2::StringPiece> groups(static_cast<std::size_t>(pattern.NumberOfCapturingGroups()) +
                                       1);
  const re2::StringPiece text(name.data(), name.size());
  if (!pattern.Match(text, 0, text.size(), RE2::UNANCHORED, groups.data(),
                     static_cast<int>(groups.size()))) {
    return {};
  }
  std::vector<std::string> matches;
  matches.reserve(groups.size());
  for (const auto& group : groups) {
    matches.emplace_back(group.empty() ? std::string() : std::string(group.data(), group.size()));
  }
  return matches;
}

}  // namespace

Result<void> check_query_template(const api::PreparedQuery& query) {
  if (!query.is_template()) return {};
  const api::QueryTemplate& how = query.query_template;
  if (how.type != api::name_prefix_match) {
    return fail(ErrorCode::failed,
                fmt::format("failed compiling template: Bad Template.Type '{}'", how.type));
  }
  api::ServiceQuery probe = query.service;
  CONCLAVE_TRY(fill_in(probe, {}));
  if (how.regexp.empty()) return {};
  const RE2 pattern(how.regexp, RE2::Quiet);
  if (pattern.ok()) return {};
  return fail(ErrorCode::failed, "failed compiling template: Bad Regexp: " + pattern.error());
}

Result<api::PreparedQuery> render_query(const api::PreparedQuery& query, std::string_view name) {
  // Names are compared without case: what follows the prefix is found by its length.
  const std::size_t prefix = std::min(query.name.size(), name.size());
  const bool begins = equal_ignoring_case(name.substr(0, prefix), query.name);
  const Names names{.full = name,
                    .prefix = query.name,
                    .suffix = begins ? name.substr(prefix) : name,
                    .matches = matches_of(query.query_template.regexp, name)};
  api::PreparedQuery rendered = query;
  CONCLAVE_TRY(fill_in(rendered.service, names));
  if (query.query_template.remove_empty_tags) {
    std::erase(rendered.service.tags, std::string());
  }
  return rendered;
}

}  // namespace conclave::daemon
