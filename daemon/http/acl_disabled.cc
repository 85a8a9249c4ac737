#include "daemon/http/acl_disabled.h"

#include <string>
#include <vector>

#include "daemon/http/blocking.h"
#include "daemon/http/route_set.h"

namespace conclave::daemon {

namespace {

Task<api::Response> disabled(ServerContext*, api::Request, std::string) {
  return answered(api::text_response(401, "ACL support disabled"));
}

}  // namespace

void add_acl_disabled_routes(api::Router& router, ServerContext& context) {
  using api::Method;
  struct Endpoint {
    const char* path;
    std::vector<Method> methods;
  };
  const Endpoint endpoints[] = {
      {"/v1/acl/bootstrap", {Method::put}},
      {"/v1/acl/login", {Method::post}},
      {"/v1/acl/logout", {Method::post}},
      {"/v1/acl/replication", {Method::get}},
      {"/v1/acl/policies", {Method::get}},
      {"/v1/acl/policy", {Method::put}},
      {"/v1/acl/policy/", {Method::get, Method::put, Method::del}},
      {"/v1/acl/policy/name/", {Method::get}},
      {"/v1/acl/roles", {Method::get}},
      {"/v1/acl/role", {Method::put}},
      {"/v1/acl/role/", {Method::get, Method::put, Method::del}},
      {"/v1/acl/role/name/", {Method::get}},
      {"/v1/acl/binding-rules", {Method::get}},
      {"/v1/acl/binding-rule", {Method::put}},
      {"/v1/acl/binding-rule/", {Method::get, Method::put, Method::del}},
      {"/v1/acl/auth-methods", {Method::get}},
      {"/v1/acl/auth-method", {Method::put}},
      {"/v1/acl/auth-method/", {Method::get, Method::put, Method::del}},
      {"/v1/acl/tokens", {Method::get}},
      {"/v1/acl/token", {Method::put}},
      {"/v1/acl/token/self", {Method::get}},
      {"/v1/acl/token/", {Method::get, Method::put, Method::del}},
      {"/v1/acl/templated-policies", {Method::get}},
      {"/v1/acl/templated-policy/name/", {Method::get}},
      {"/v1/acl/templated-policy/preview/", {Method::post}},
      {"/v1/internal/acl/authorize", {Method::post}},
  };
  const RouteSet routes{router, context};
  for (const Endpoint& endpoint : endpoints) {
    for (const Method method : endpoint.methods) routes.add(method, endpoint.path, disabled);
  }
}

}  // namespace conclave::daemon
