#pragma once

/// From what the agent was told to each folder's options.

#include <string>

#include "agent/local/options.h"
#include "api/http/server.h"
#include "api/rest/router.h"
#include "base/core/result.h"
#include "base/net/listener.h"
#include "cli/config/agent_config.h"
#include "daemon/http/context.h"
#include "daemon/replica/options.h"
#include "daemon/store/store.h"
#include "daemon/watch/large_reads.h"

namespace conclave::cli {

/// What start-up found out beside the configuration.
struct Identity {
  std::string node_id;
  std::string address;  ///< Advertised IP.
  std::string data_dir;
};

/// Fails on address ranges that do not parse.
Result<api::RouterOptions> router_options(const AgentConfig& config);
api::HttpLimits http_limits(const AgentConfig& config);
/// Of the port between nodes.
ListenerLimits listener_limits(const AgentConfig& config);
daemon::ServerSettings server_settings(const AgentConfig& config);
daemon::StoreOptions store_options(const AgentConfig& config, const Identity& identity);
daemon::LargeReadOptions large_read_options(const AgentConfig& config, const Identity& identity);
daemon::ReplicaOptions replica_options(const AgentConfig& config);
agent::LocalOptions local_options(const AgentConfig& config, const Identity& identity);

/// "10.0.0.1:8300", "[::1]:8300".
std::string join_host_port(const std::string& host, std::int64_t port);

}  // namespace conclave::cli
