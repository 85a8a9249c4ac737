#include "api/rest/respond.h"

#include <utility>

namespace conclave::api {

Response json_response(std::string json) {
  Response response;
  response.content_type = "application/json";
  response.body = std::move(json);
  return response;
}

Response empty_response() { return {}; }

Response text_response(int status, std::string text) {
  Response response;
  response.status = status;
  response.content_type = "text/plain; charset=utf-8";
  response.body = std::move(text);
  return response;
}

Response error_response(const Error& error) {
  // Whatever its kind, a denial is a 403: clients match on these words (contract 1.2).
  const bool denied = error.message.find("Permission denied") != std::string::npos ||
                      error.message.find("ACL not found") != std::string::npos;
  return text_response(denied ? 403 : http_status(error.code), error.message);
}

int http_status(ErrorCode code) {
  switch (code) {
    case ErrorCode::bad_request:
      return 400;
    case ErrorCode::denied:
      return 403;
    case ErrorCode::not_found:
      return 404;
    case ErrorCode::not_allowed:
      return 405;
    case ErrorCode::too_large:
      return 413;
    case ErrorCode::too_many:
      return 429;
    case ErrorCode::unavailable:
      return 503;
    case ErrorCode::failed:
    case ErrorCode::no_leader:
    case ErrorCode::unknown_outcome:
    case ErrorCode::io:
    case ErrorCode::corrupt:
    case ErrorCode::exists:
      return 500;
  }
  return 500;
}

}  // namespace conclave::api
