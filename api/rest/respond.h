#pragma once

/// Building responses: the error mapping of contract 1.2 and the headers of 1.5.

#include <string>
#include <string_view>

#include "api/http/message.h"
#include "base/core/result.h"

namespace conclave::api {

/// 200 with a JSON body that is rendered compactly; the router indents it when ?pretty is present
/// or always in dev mode.
Response json_response(std::string json);
/// 200, empty body (contract 1.2).
Response empty_response();
/// Plain text with a status, `text/plain; charset=utf-8`.
Response text_response(int status, std::string text);
/// The status of contract 1.2 for the code, the message as body.
Response error_response(const Error& error);

/// The HTTP status for an error code.
int http_status(ErrorCode code);

}  // namespace conclave::api
