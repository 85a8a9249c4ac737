/// Prints what the API's objects look like, as OpenAPI schemas made from their field tables:
/// {"KvEntry":{"type":"object",...},...}. openapi.py puts them into docs/openapi.json.

#include <cstdio>
#include <map>
#include <string>
#include <string_view>

#include "api/codec/json_string.h"
#include "api/codec/writer.h"
#include "api/model/agent_check.h"
#include "api/model/agent_member.h"
#include "api/model/agent_service.h"
#include "api/model/autopilot.h"
#include "api/model/catalog.h"
#include "api/model/coordinate.h"
#include "api/model/event.h"
#include "api/model/kv.h"
#include "api/model/prepared_query.h"

namespace conclave::api {
namespace {

class Schemas {
 public:
  template <Described T>
  void add(std::string_view name) {
    std::string properties;
    const auto one = [&](const auto& entry) {
      if (!properties.empty()) properties += ',';
      append_json_string(properties, entry.name);
      properties += ':';
      if constexpr (requires { entry.json; }) {
        properties += R"({"description":"Always )";
        std::string shown;
        append_json_string(shown, entry.json);
        properties += shown.substr(1, shown.size() - 2) + R"("})";
      } else {
        properties += schema_of<member_type<decltype(entry.member)>>(entry.show);
      }
    };
    const auto shown = [&](const auto& entry) {
      if constexpr (requires { entry.show; }) {
        if (entry.show == Show::never) return;
      }
      one(entry);
    };
    std::apply([&](const auto&... entry) { (shown(entry), ...); }, T::fields());
    schemas_[std::string(name)] = R"({"type":"object","properties":{)" + properties + "}}";
  }

  std::string text() const {
    std::string out;
    for (const auto& [name, schema] : schemas_) {
      out += out.empty() ? '{' : ',';
      append_json_string(out, name);
      out += ":" + schema;
    }
    return out + "}\n";
  }

 private:
  template <class Member>
  struct Pointed;
  template <class Owner, class Value>
  struct Pointed<Value Owner::*> {
    using Type = Value;
  };
  template <class Member>
  using member_type = typename Pointed<std::remove_cvref_t<Member>>::Type;

  template <class T>
  std::string schema_of(Show show) {
    std::string out = type_of<T>();
    const bool may_be_null =
        show == Show::null_if_empty || std::same_as<T, Bytes> || detail::is_optional<T>;
    if (may_be_null) out.insert(out.size() - 1, R"(,"nullable":true)");
    return out;
  }

  template <class T>
  std::string type_of() {
    if constexpr (std::same_as<T, bool>) {
      return R"({"type":"boolean"})";
    } else if constexpr (std::same_as<T, Nanos>) {
      return R"({"type":"integer","format":"int64","description":"Nanoseconds"})";
    } else if constexpr (std::integral<T>) {
      return std::is_signed_v<T> ? R"({"type":"integer","format":"int64"})"
                                 : R"({"type":"integer","format":"int64","minimum":0})";
    } else if constexpr (std::floating_point<T>) {
      return R"({"type":"number","format":"double"})";
    } else if constexpr (std::same_as<T, Bytes>) {
      return R"({"type":"string","format":"byte"})";
    } else if constexpr (std::convertible_to<const T&, std::string_view>) {
      return R"({"type":"string"})";
    } else if constexpr (detail::is_optional<T>) {
      return type_of<typename T::value_type>();
    } else if constexpr (detail::is_vector<T>) {
      return R"({"type":"array","items":)" + type_of<typename T::value_type>() + "}";
    } else if constexpr (detail::is_string_map<T>) {
      return R"({"type":"object","additionalProperties":)" + type_of<typename T::mapped_type>() +
             "}";
    } else if constexpr (Described<T>) {
      Schemas inner;
      inner.template add<T>("inner");
      return inner.schemas_.at("inner");
    } else {
      return "{}";
    }
  }

  std::map<std::string, std::string> schemas_;
};

std::string all_schemas() {
  Schemas schemas;
  schemas.add<AgentMember>("AgentMember");
  schemas.add<AgentService>("AgentService");
  schemas.add<AgentServiceHealth>("AgentServiceHealth");
  schemas.add<AutopilotConfig>("AutopilotConfiguration");
  schemas.add<CheckDefinition>("CheckDefinition");
  schemas.add<CheckUpdate>("CheckUpdate");
  schemas.add<HealthCheck>("HealthCheck");
  schemas.add<KvEntry>("KvEntry");
  schemas.add<Node>("Node");
  schemas.add<NodeCoordinate>("NodeCoordinate");
  schemas.add<NodeService>("NodeService");
  schemas.add<PreparedQuery>("PreparedQuery");
  schemas.add<ServiceDefinition>("ServiceDefinition");
  schemas.add<ServiceEntry>("ServiceEntry");
  schemas.add<ServiceNode>("ServiceNode");
  schemas.add<Session>("Session");
  schemas.add<UserEvent>("UserEvent");
  return schemas.text();
}

}  // namespace
}  // namespace conclave::api

int main() {
  const std::string text = conclave::api::all_schemas();
  return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() ? 0 : 1;
}
