#pragma once

#include <string>
#include <string_view>

#include "api/http/message.h"
#include "api/rpc/forwarded.h"
#include "daemon/http/context.h"

namespace conclave::daemon {

/// The node whose agent the client asked: this one's, or that of the agent that passes it on.
inline std::string asked_node(const api::Request& request, const ServerSettings& settings) {
  const std::string_view agent = request.header(api::asked_node_header);
  return agent.empty() ? settings.node_name : std::string(agent);
}

}  // namespace conclave::daemon
