#include "cli/run/options.h"

#include <algorithm>

#include "api/rest/access.h"
#include "base/core/version.h"

namespace conclave::cli {
namespace {

/// 0 = no limit.
std::uint32_t limit_of(std::int64_t configured) {
  constexpr std::int64_t unlimited = 1 << 30;
  return static_cast<std::uint32_t>(configured == 0 ? unlimited : configured);
}

}  // namespace

Result<api::RouterOptions> router_options(const AgentConfig& config) {
  for (const std::string& range : config.allow_write_http_from) {
    if (auto parsed = api::parse_address_range(range); !parsed) {
      return fail("http_config.allow_write_http_from", parsed.error());
    }
  }
  api::RouterOptions options;
  options.pretty_always = config.dev;
  for (const auto& [name, value] : config.response_headers) {
    options.response_headers.push_back({name, value});
  }
  options.translate_addresses = config.translate_wan_addrs;
  options.block_endpoints = config.block_endpoints;
  options.allow_write_http_from = config.allow_write_http_from;
  options.filter_unprintable = config.filter_unprintable;
  return options;
}

api::HttpLimits http_limits(const AgentConfig& config) {
  api::HttpLimits limits;
  limits.connections_per_client_max = limit_of(config.http_max_conns_per_client);
  if (config.http_max_header_bytes > 0) {
    limits.header_bytes_max = static_cast<std::uint32_t>(config.http_max_header_bytes);
  }
  return limits;
}

ListenerLimits listener_limits(const AgentConfig& config) {
  ListenerLimits limits;
  limits.connections_per_address_max = limit_of(config.rpc_max_conns_per_client);
  return limits;
}

daemon::ServerSettings server_settings(const AgentConfig& config) {
  daemon::ServerSettings settings;
  settings.datacenter = config.datacenter;
  settings.node_name = config.node_name;
  settings.kv_value_bytes_max = static_cast<std::uint64_t>(config.kv_max_value_size);
  settings.txn_bytes_max = static_cast<std::uint64_t>(config.txn_max_req_len);
  settings.session_ttl_min = config.session_ttl_min;
  settings.discovery_max_stale = config.discovery_max_stale;
  settings.coordinates = !config.disable_coordinates;
  settings.waits = {config.default_query_time, config.max_query_time};
  return settings;
}

daemon::StoreOptions store_options(const AgentConfig& config, const Identity& identity) {
  daemon::StoreOptions options;
  options.directory = identity.data_dir + "/state";
  options.sync_full = config.storage_sync_full;
  // Without front threads all readers are main's, and pages that several batches change need be
  // written once only.
  if (config.front_threads == 0 && !config.storage_sync_full) {
    options.shared_commit_bytes = 8 << 20;
    options.leader_commit_bytes = 2 << 20;
  }
  return options;
}

daemon::ReplicaOptions replica_options(const AgentConfig& config) {
  daemon::ReplicaOptions options;
  options.rpc_hold_timeout = config.rpc_hold_timeout;
  options.quota_bytes = static_cast<std::uint64_t>(config.quota_bytes);
  options.free_space_min_bytes = static_cast<std::uint64_t>(config.free_space_min_bytes);
  return options;
}

daemon::LargeReadOptions large_read_options(const AgentConfig& config, const Identity& identity) {
  daemon::LargeReadOptions options;
  options.spool.directory = identity.data_dir;
  // What the log must have free is not for lists to fill; they stop well before.
  options.spool.free_bytes_min = std::max(
      options.spool.free_bytes_min, 2 * static_cast<std::uint64_t>(config.free_space_min_bytes));
  return options;
}

agent::LocalOptions local_options(const AgentConfig& config, const Identity& identity) {
  agent::LocalOptions options;
  options.data_dir = config.dev ? "" : identity.data_dir;
  options.node.id = identity.node_id;
  options.node.node = config.node_name;
  options.node.address = identity.address;
  options.node.datacenter = config.datacenter;
  const bool v6 = identity.address.contains(':');
  for (const char* tag : {"lan", "wan"}) {
    options.node.tagged_addresses[tag] = identity.address;
    options.node.tagged_addresses[std::string(tag) + (v6 ? "_ipv6" : "_ipv4")] = identity.address;
  }
  for (const auto& [name, address] : config.tagged_addresses) {
    options.node.tagged_addresses[name] = address;
  }
  for (const auto& [key, value] : config.node_meta) options.node.meta[key] = value;
  options.node.meta["consul-network-segment"] = "";
  options.node.meta["consul-version"] = std::string(compatible_version);
  options.scripts = {.everybody = config.enable_script_checks,
                     .files_only = config.enable_local_script_checks};
  options.check_update_interval = config.check_update_interval;
  options.output_bytes_max = static_cast<std::uint64_t>(config.check_output_max_size);
  options.discard_check_output = config.discard_check_output;
  options.check_redirects_same_host = config.check_redirects_same_host;
  return options;
}

std::string join_host_port(const std::string& host, std::int64_t port) {
  const bool bare_v6 = host.contains(':') && !host.starts_with('[');
  return (bare_v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

}  // namespace conclave::cli
