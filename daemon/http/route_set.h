#pragma once

#include <string>
#include <utility>

#include "api/rest/router.h"
#include "daemon/http/context.h"

namespace conclave::daemon {

/// Registers handlers that take the context of their loop first.
struct RouteSet {
  using Handler = Task<api::Response> (*)(ServerContext* context, api::Request request,
                                          std::string rest);
  api::Router& router;
  ServerContext& context;

  void add(api::Method method, std::string prefix, Handler handler, std::string suffix = {}) const {
    router.add({.prefix = std::move(prefix),
                .methods = {method},
                .handler =
                    [handler, at = &context](api::Request request, std::string rest) {
                      return handler(at, std::move(request), std::move(rest));
                    },
                .suffix = std::move(suffix)});
  }
};

}  // namespace conclave::daemon
