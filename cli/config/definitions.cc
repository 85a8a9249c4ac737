#include "cli/config/definitions.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <string>

#include "api/codec/reader.h"
#include "api/hcl/shape.h"

namespace conclave::cli {
namespace {

using api::JsonValue;

/// Keys of the service mesh and of the enterprise edition: known, and nothing to us.
constexpr std::array<std::string_view, 5> moot_keys = {"connect", "proxy", "namespace", "partition",
                                                       "ports"};

/// The known key most like this one, in the spelling of configuration files.
template <api::Described T>
std::string nearest_name(std::string_view key) {
  std::string best;
  std::size_t best_distance = ~std::size_t{0};
  api::for_each_field<T>([&](const auto& field) {
    const std::string name =
        field.alias.empty() ? to_lower_ascii(field.name) : std::string(field.alias);
    const std::size_t distance = edit_distance(name, to_lower_ascii(key));
    if (distance < best_distance) {
      best_distance = distance;
      best = name;
    }
  });
  return best;
}

template <api::Described T>
bool is_known(std::string_view key) {
  bool known = std::ranges::any_of(
      moot_keys, [&](std::string_view moot) { return equal_ignoring_case(moot, key); });
  api::for_each_field<T>([&](const auto& field) {
    known = known || equal_ignoring_case(field.name, key) ||
            (!field.alias.empty() && equal_ignoring_case(field.alias, key));
  });
  return known;
}

template <api::Described T>
Result<void> check_keys(const JsonValue& json, const std::string& source, const std::string& path) {
  const auto* object = json.if_object();
  if (object == nullptr) return {};
  for (const auto& [key, value] : *object) {
    if (!is_known<T>(key)) {
      return fail(ErrorCode::bad_request,
                  fmt::format("{}: invalid config key {}.{} (the nearest known key is {}.{})",
                              source, path, key, path, nearest_name<T>(key)));
    }
  }
  return {};
}

/// HCL's lists of one undone.
template <api::Described T>
Definition fitted(const Definition& definition) {
  return {definition.kind, definition.source, api::hcl::fitted<T>(definition.object)};
}

template <api::Described T>
Result<T> decode(const Definition& definition) {
  T out{};
  if (auto read = api::read_json(definition.object, out); !read) {
    return fail(definition.source + ": " + definition.kind, read.error());
  }
  return out;
}

}  // namespace

Result<api::ServiceDefinition> read_service(const Definition& given) {
  const Definition definition = fitted<api::ServiceDefinition>(given);
  CONCLAVE_TRY(check_keys<api::ServiceDefinition>(definition.object, definition.source, "service"));
  for (std::string_view name : {"check", "checks"}) {
    const JsonValue* checks = definition.object.find(name);
    if (checks == nullptr) continue;
    const std::string path = "service." + std::string(name);
    const auto* list = checks->if_array();
    if (list == nullptr) {
      CONCLAVE_TRY(check_keys<api::CheckDefinition>(*checks, definition.source, path));
      continue;
    }
    for (const JsonValue& check : *list) {
      CONCLAVE_TRY(check_keys<api::CheckDefinition>(check, definition.source, path));
    }
  }
  CONCLAVE_TRY_ASSIGN(api::ServiceDefinition service, decode<api::ServiceDefinition>(definition));
  if (service.name.empty()) {
    return fail(ErrorCode::bad_request,
                definition.source + ": service.name is missing: every service needs a name");
  }
  return service;
}

Result<api::CheckDefinition> read_check(const Definition& given) {
  const Definition definition = fitted<api::CheckDefinition>(given);
  CONCLAVE_TRY(check_keys<api::CheckDefinition>(definition.object, definition.source, "check"));
  CONCLAVE_TRY_ASSIGN(api::CheckDefinition check, decode<api::CheckDefinition>(definition));
  if (check.name.empty() && check.id.empty() && check.check_id.empty()) {
    return fail(ErrorCode::bad_request,
                definition.source + ": check.name is missing: every check needs a name");
  }
  return check;
}

Result<void> match_checks(const std::vector<api::ServiceDefinition>& services,
                          const std::vector<api::CheckDefinition>& checks) {
  for (const api::CheckDefinition& check : checks) {
    if (check.service_id.empty()) continue;
    const bool found = std::ranges::any_of(services, [&](const api::ServiceDefinition& service) {
      return (service.id.empty() ? service.name : service.id) == check.service_id;
    });
    if (!found) {
      return fail(ErrorCode::bad_request,
                  fmt::format("check \"{}\": service_id \"{}\" names no service of this "
                              "configuration: define the service or correct the id",
                              check.name.empty() ? check.id : check.name, check.service_id));
    }
  }
  return {};
}

}  // namespace conclave::cli
