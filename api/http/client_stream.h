#pragma once

/// The HTTP client for bodies that do not end, such as /v1/agent/monitor.

#include <functional>
#include <string_view>

#include "api/http/client.h"

namespace conclave::api {

/// Gets each piece of a body as it arrives, on the loop.
using PieceReader = std::function<void(std::string_view piece)>;

/// Like http_call, but the body of a 200 goes to `on_piece` and is not kept; that of any other
/// status is in the response. Returns when the server ends the body, or with an error when it goes
/// away or `timeout` has passed. Follows no redirects.
Task<Result<ClientResponse>> http_stream(Loop& loop, ClientRequest request, PieceReader on_piece);

}  // namespace conclave::api
