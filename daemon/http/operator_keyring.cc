#include <map>
#include <string>
#include <utility>
#include <vector>

#include "api/codec/reader.h"
#include "api/codec/writer.h"
#include "base/core/text.h"
#include "daemon/http/blocking.h"
#include "daemon/http/operator.h"
#include "daemon/http/write.h"

namespace conclave::daemon {
namespace {

constexpr std::string_view not_encrypted = "keyring is empty (encryption not enabled)";

/// How many nodes have which key.
using KeyCounts = std::map<std::string, std::uint64_t>;

struct KeyringView {
  bool wan = false;
  std::string datacenter;
  std::string segment;
  std::map<std::string, std::string> messages;
  KeyCounts keys;
  KeyCounts primary_keys;
  std::uint64_t num_nodes = 0;

  static constexpr auto fields() {
    using api::field;
    using K = KeyringView;
    return std::tuple{field(0, "WAN", &K::wan),           field(0, "Datacenter", &K::datacenter),
                      field(0, "Segment", &K::segment),   field(0, "Messages", &K::messages),
                      field(0, "Keys", &K::keys),         field(0, "PrimaryKeys", &K::primary_keys),
                      field(0, "NumNodes", &K::num_nodes)};
  }
};

KeyCounts in_base64(const KeyCounts& raw) {
  KeyCounts shown;
  for (const auto& [key, count] : raw) shown[encode_base64(key)] = count;
  return shown;
}

Task<api::Response> list(OperatorContext* context, api::Request request) {
  const auto scope = check_scope(context->server, request);
  if (!scope) co_return api::error_response(scope.error());
  KeyringOperations* keyring = context->keyring;
  if (keyring == nullptr) co_return api::text_response(500, std::string(not_encrypted));
  const KeyringReport report = co_await keyring->list_keys();
  std::vector<KeyringView> rings;
  for (const bool wan : {true, false}) {
    rings.push_back({.wan = wan,
                     .datacenter = context->server.settings->datacenter,
                     .messages = report.messages,
                     .keys = in_base64(report.keys),
                     .primary_keys = in_base64(report.primary_keys),
                     .num_nodes = report.servers});
  }
  co_return api::json_response(api::to_json(rings));
}

struct KeyBody {
  std::string key;
  static constexpr auto fields() { return std::tuple{api::field(1, "Key", &KeyBody::key)}; }
};

/// The key that a request names, raw, if it is one and there is a keyring.
Result<std::string> named_key(const OperatorContext& context, const api::Request& request) {
  CONCLAVE_TRY(check_scope(context.server, request));
  CONCLAVE_TRY_ASSIGN(
      KeyBody body,
      api::decode_body<KeyBody>(request.body, {.strict = context.server.settings->strict_json}));
  if (context.keyring == nullptr) return fail(ErrorCode::failed, std::string(not_encrypted));
  auto raw = decode_base64(body.key);
  if (!raw || (raw->size() != 16 && raw->size() != 24 && raw->size() != 32)) {
    return fail(ErrorCode::failed, "key size must be 16, 24 or 32 bytes");
  }
  return std::move(*raw);
}

using Change = Task<Result<void>> (KeyringOperations::*)(std::string key);

template <Change change>
Task<api::Response> change_keys(OperatorContext* context, api::Request request) {
  auto key = named_key(*context, request);
  if (!key) co_return api::error_response(key.error());
  const auto done = co_await (context->keyring->*change)(std::move(*key));
  co_return done ? api::empty_response() : api::error_response(done.error());
}

}  // namespace

void add_operator_keyring_routes(api::Router& router, OperatorContext& context) {
  using api::Method;
  constexpr const char* path = "/v1/operator/keyring";
  const OperatorRoutes routes{router, context};
  routes.add(Method::get, path, list);
  routes.add(Method::post, path, change_keys<&KeyringOperations::install_key>);
  routes.add(Method::put, path, change_keys<&KeyringOperations::use_key>);
  routes.add(Method::del, path, change_keys<&KeyringOperations::remove_key>);
}

}  // namespace conclave::daemon
