#pragma once

/// An HTTP request and its answer as RpcMethod::http carries them from node to node. Records;
/// fields are only ever added. Pure.

#include <string>
#include <string_view>

#include "api/http/message.h"
#include "base/core/result.h"

namespace conclave::api {

/// The header by which handlers learn which node's agent a client asked, when that is not their
/// own: whose sessions, events and distances are meant.
inline constexpr std::string_view asked_node_header = "x-conclave-node";

struct Forwarded {
  Request request;
  /// The agent that was asked; "" = a server passes on what only the leader can answer.
  std::string node;
};

/// Method, target, body, the client's address, and the headers that matter to handlers of servers.
std::string encode_forwarded(const Request& request, std::string_view node);
/// Without `pretty`: whoever forwarded it indents. ErrorCode::corrupt or bad_request.
Result<Forwarded> decode_forwarded(std::string_view bytes);

/// Status, content type, headers and body; not what a router adds to every response. Requires: no
/// stream and not parked.
std::string encode_answer(Response response);
Result<Response> decode_answer(std::string_view bytes);

}  // namespace conclave::api
