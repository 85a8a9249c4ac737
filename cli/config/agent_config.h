#pragma once

/// Everything `conclave agent` was told, checked and with its defaults filled in (contract 16.2).
/// Plain values: cli/run/options.h makes each folder's options of them.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/dns/options.h"
#include "api/model/agent_check.h"
#include "api/model/agent_service.h"
#include "api/model/autopilot.h"
#include "base/core/duration.h"
#include "cli/config/settings.h"
#include "cli/config/watches.h"

namespace conclave::cli {

struct Ports {
  std::int64_t http = 8500;  ///< <= 0: not served.
  std::int64_t dns = 8600;   ///< <= 0: not served.
  std::int64_t server = 8300;
  std::int64_t serf_lan = 8301;
  std::int64_t serf_wan = 8302;
};

struct UnixSocketPermissions {
  std::string user;  ///< Name or number, "" = unchanged.
  std::string group;
  std::string mode;  ///< Octal, "" = as the umask leaves it.
};

struct AgentConfig {
  bool dev = false;
  bool server = false;
  bool bootstrap = false;
  std::int64_t bootstrap_expect = 0;  ///< 0, or 2 and more: 1 is `bootstrap`.

  TextList start_join;  ///< As written: host, host:port, [v6]:port.
  TextList retry_join;
  Nanos retry_interval{std::chrono::seconds(30)};
  std::int64_t retry_max = 0;  ///< 0 = no end.
  bool rejoin_after_leave = false;
  Nanos reconnect_timeout{std::chrono::hours(72)};
  bool disable_keyring_file = false;
  Nanos node_lease_ttl{std::chrono::seconds(13)};
  Nanos rebalance_interval{std::chrono::minutes(2)};
  std::string encrypt;             ///< The cluster key: 16, 24 or 32 bytes, decoded; "" = none.
  api::AutopilotConfig autopilot;  ///< Of a new cluster.

  std::string datacenter = "dc1";
  std::string primary_datacenter;  ///< "" = this one.
  std::string node_name;
  std::string node_id;   ///< "" = from the data directory.
  std::string data_dir;  ///< "" only with dev.
  std::string pid_file;

  std::string bind_addr = "0.0.0.0";
  std::string serf_lan_addr;                ///< For the serf_lan port; "" = bind_addr.
  std::string advertise_addr;               ///< "" = found out from bind_addr.
  std::vector<std::string> http_addresses;  ///< IPs and unix:// paths.
  std::vector<std::string> dns_addresses;   ///< IPs.
  Ports ports;
  UnixSocketPermissions unix_sockets;

  dns::DnsOptions dns;

  std::string log_level = "info";
  bool log_json = false;

  bool leave_on_terminate = false;
  bool skip_leave_on_interrupt = true;

  bool enable_script_checks = false;
  bool enable_local_script_checks = false;
  bool discard_check_output = false;
  bool check_redirects_same_host = false;
  std::int64_t check_output_max_size = 4096;
  Nanos check_update_interval{std::chrono::minutes(5)};

  TextMap node_meta;
  TextMap tagged_addresses;

  std::int64_t raft_multiplier = 2;
  Nanos rpc_hold_timeout{std::chrono::seconds(7)};
  std::int64_t front_threads = 0;

  Nanos session_ttl_min{std::chrono::seconds(10)};
  Nanos default_query_time{std::chrono::minutes(5)};
  Nanos max_query_time{std::chrono::minutes(10)};
  std::int64_t kv_max_value_size = 512 * 1024;
  std::int64_t txn_max_req_len = 512 * 1024;
  std::int64_t http_max_conns_per_client = 200;
  std::int64_t rpc_max_conns_per_client = 256;
  std::int64_t http_max_header_bytes = 0;  ///< 0 = the server's default.

  TextMap response_headers;
  TextList block_endpoints;
  TextList allow_write_http_from;
  bool filter_unprintable = true;
  Nanos prometheus_retention_time{};
  bool metrics_without_host = false;
  bool enable_debug = false;
  bool translate_wan_addrs = false;
  bool disable_coordinates = false;
  Nanos discovery_max_stale{};

  bool storage_sync_full = false;
  std::int64_t quota_bytes = 0;  ///< 0 = none.
  std::int64_t free_space_min_bytes = 64ll << 20;

  std::vector<api::ServiceDefinition> services;
  std::vector<api::CheckDefinition> checks;
  std::vector<WatchDefinition> watches;

  std::vector<std::string> warnings;  ///< One sentence each, for the log.
};

}  // namespace conclave::cli
