#pragma once

/// Reads that understand ?filter= (contract 10). A Query has a member `expression`, an
/// api::Filter of the struct that selectors name, and drops from its answer what that does not
/// accept. Index, topics and whether something was found are those of the answer without a filter,
/// so that a blocking query wakes as often as its unfiltered twin; but /v1/catalog/services, whose
/// expression may ask about nodes that its answer does not show, moves with nodes as well. The
/// expression is one of the parameters that tell blocking queries apart.

#include <string_view>
#include <utility>

#include "api/query/filter.h"
#include "daemon/http/blocking.h"

namespace conclave::daemon {

template <class Query>
Task<api::Response> serve_filtered_read(ServerContext* context, api::Request request, Query query) {
  auto expression =
      decltype(query.expression)::parse(request.parameter("filter").value_or(std::string_view{}));
  if (!expression.has_value()) {
    return refused(expression.error().code, std::move(expression.error().message));
  }
  query.expression = std::move(*expression);
  return serve_read(context, std::move(request), std::move(query));
}

}  // namespace conclave::daemon
