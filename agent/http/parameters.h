#pragma once

/// Query parameters that only the agent's endpoints have.

#include <optional>
#include <string_view>

#include "api/http/message.h"
#include "api/query/filter.h"
#include "base/core/result.h"

namespace conclave::agent {

/// Booleans as Go's strconv.ParseBool reads them: 1 t T TRUE true True and 0 f F FALSE false False.
std::optional<bool> parse_bool(std::string_view text);

/// ?enable of the maintenance endpoints, with the contract's texts (6.2).
Result<bool> enable_parameter(const api::Request& request);

/// ?filter= of the lists, over the struct that they list (contract 10).
template <api::Described T>
Result<api::Filter<T>> filter_parameter(const api::Request& request) {
  return api::Filter<T>::parse(request.parameter("filter").value_or(std::string_view{}));
}

/// True when ?format=text or `Accept: text/plain...` asks for text (contract 6.3).
bool wants_text(const api::Request& request);

/// True when ?format=prometheus or the Accept header asks for Prometheus' format (contract 6.4).
bool wants_prometheus(const api::Request& request);

}  // namespace conclave::agent
