#include "daemon/http/ca_root.h"

#include <string>
#include <utility>
#include <vector>

#include "api/codec/writer.h"
#include "base/net/self_signed.h"
#include "base/run/random.h"
#include "daemon/http/blocking.h"
#include "daemon/http/route_set.h"
#include "daemon/http/write.h"
#include "daemon/tables/ca_root.h"

namespace conclave::daemon {

namespace {

constexpr const char* root_name = "Consul CA Root Cert";

struct GetRoots {
  static constexpr ReadStyle style{};
  bool as_pem = false;

  Interest interest() const { return {}; }  // It changes in a restore only, which wakes everybody.
  ReadResult operator()(const ReadRows& rows) const {
    const auto root = read_ca_root(rows);
    if (!root)
      return {.found = false, .body = R"({"ActiveRootID":"","TrustDomain":"","Roots":[]})"};
    ReadResult result{.index = root->modify_index};
    if (as_pem) {
      result.content_type = "application/pem-certificate-chain";
      result.body = root->root_cert;
      return result;
    }
    api::JsonObject(result.body)
        .add("ActiveRootID", root->id)
        .add("TrustDomain", root->trust_domain)
        .add("Roots", std::vector{*root})
        .end();
    return result;
  }
};

bool has_root(ServerContext& context) {
  const ReadSnapshot snapshot = context.reader.open();
  return read_ca_root(snapshot.rows()).has_value();
}

/// Proposes one. If another server was faster its root stays.
Task<Result<void>> make_root(ServerContext* context) {
  std::string trust_domain = random_uuid() + ".consul";
  auto made =
      make_self_signed_root(root_name, "spiffe://" + trust_domain, context->clock.wall_now());
  if (!made.has_value()) co_return std::unexpected(std::move(made).error());
  SetCaRoot body{{.id = std::move(made->fingerprint),
                  .name = root_name,
                  .serial_number = made->serial_number,
                  .signing_key_id = std::move(made->key_id),
                  .trust_domain = std::move(trust_domain),
                  .not_before = std::move(made->not_before),
                  .not_after = std::move(made->not_after),
                  .root_cert = std::move(made->pem)}};
  auto outcome = co_await commit(context, {.body = std::move(body), .request_id = {}});
  if (!outcome.has_value()) co_return std::unexpected(std::move(outcome).error());
  co_return Result<void>{};
}

Task<api::Response> roots(ServerContext* context, api::Request request, std::string) {
  const auto scope = check_scope(*context, request);
  if (!scope.has_value()) co_return api::error_response(scope.error());
  if (!has_root(*context)) {
    const auto made = co_await make_root(context);
    if (!made.has_value()) co_return api::error_response(made.error());
  }
  const auto pem = request.parameter("pem");
  GetRoots query{.as_pem = pem.has_value() && parse_bool(*pem).value_or(false)};
  co_return co_await serve_read(context, std::move(request), query);
}

}  // namespace

void add_ca_root_routes(api::Router& router, ServerContext& context) {
  using api::Method;
  const RouteSet routes{router, context};
  routes.add(Method::get, "/v1/agent/connect/ca/roots", roots);
  routes.add(Method::get, "/v1/connect/ca/roots", roots);
}

}  // namespace conclave::daemon
