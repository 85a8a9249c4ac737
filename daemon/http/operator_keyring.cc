#include <map>
#include <string>
#include <utility>
#include <vector>

#include "api/codec/reader.h"
#include "api/codec/writer.h"
#include "base/core/text.h"
#include "daemon/http/blocking.h"
#include "daemon/http/operator.h"
#include "daemon/http/route_set.h"
#include "daemon/http/write.h"

namespace conclave::daemon {
namespace {

constexpr std::string_view not_encrypted = "keyring is empty (encryption not enabled)";
/// Keys are each server's configuration. Consul's endpoints change them while servers run.
constexpr std::string_view not_changed_here =
    "keys are not changed while servers run: change `encrypt` in the configuration of each server "
    "and restart them";

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

/// Servers without this key are not members: they could not connect.
Task<api::Response> list(ServerContext* context, api::Request request, std::string) {
  const auto scope = check_scope(*context, request);
  if (!scope.has_value()) co_return api::error_response(scope.error());
  const std::string key = context->settings->encrypt_key;  // A reload may replace the settings.
  if (key.empty()) co_return api::text_response(500, std::string(not_encrypted));
  const RaftConfigurationView view = co_await context->cluster.raft_configuration();
  const KeyCounts counts{{key, view.servers.size()}};
  std::vector<KeyringView> rings;
  for (const bool wan : {true, false}) {
    rings.push_back({.wan = wan,
                     .datacenter = context->settings->datacenter,
                     .keys = counts,
                     .primary_keys = counts,
                     .num_nodes = view.servers.size()});
  }
  co_return api::json_response(api::to_json(rings));
}

struct KeyBody {
  std::string key;
  static constexpr auto fields() { return std::tuple{api::field(0, "Key", &KeyBody::key)}; }
};

bool is_encrypt_key(std::string_view base64) {
  const auto raw = decode_base64(base64);
  return raw && (raw->size() == 16 || raw->size() == 24 || raw->size() == 32);
}

/// The key that a request names, if it is one and there is a keyring.
Result<std::string> named_key(const ServerContext& context, const api::Request& request) {
  CONCLAVE_TRY(check_scope(context, request));
  CONCLAVE_TRY_ASSIGN(KeyBody body, api::decode_body<KeyBody>(
                                        request.body, {.strict = context.settings->strict_json}));
  if (context.settings->encrypt_key.empty()) {
    return fail(ErrorCode::failed, std::string(not_encrypted));
  }
  if (!is_encrypt_key(body.key)) {
    return fail(ErrorCode::failed, "key size must be 16, 24 or 32 bytes");
  }
  return std::move(body.key);
}

/// Of the key that is in force both are done already.
Task<api::Response> install_or_use(ServerContext* context, api::Request request, std::string) {
  const auto key = named_key(*context, request);
  if (!key.has_value()) return answered(api::error_response(key.error()));
  const bool is_ours = *key == context->settings->encrypt_key;
  return answered(is_ours ? api::empty_response()
                          : api::text_response(500, std::string(not_changed_here)));
}

Task<api::Response> remove(ServerContext* context, api::Request request, std::string) {
  const auto key = named_key(*context, request);
  if (!key.has_value()) return answered(api::error_response(key.error()));
  const bool is_ours = *key == context->settings->encrypt_key;
  return answered(is_ours ? api::text_response(500, "removing the primary key is not allowed")
                          : api::empty_response());
}

}  // namespace

void add_operator_keyring_routes(api::Router& router, ServerContext& context) {
  using api::Method;
  constexpr const char* path = "/v1/operator/keyring";
  const RouteSet routes{router, context};
  routes.add(Method::get, path, list);
  routes.add(Method::post, path, install_or_use);
  routes.add(Method::put, path, install_or_use);
  routes.add(Method::del, path, remove);
}

}  // namespace conclave::daemon
