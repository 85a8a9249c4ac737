#include "api/http/message.h"

namespace conclave::api {

std::optional<std::string_view> Request::parameter(std::string_view name) const {
  for (const QueryParameter& candidate : query) {
    if (candidate.name == name) return candidate.value;
  }
  return std::nullopt;
}

std::string_view Request::header(std::string_view name) const {
  for (const Header& candidate : headers) {
    if (candidate.name == name) return candidate.value;
  }
  return {};
}

}  // namespace conclave::api
