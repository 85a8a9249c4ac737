#include "cli/config/agent_flags.h"

#include <algorithm>

namespace conclave::cli {
namespace {

using enum AgentFlagKind;

constexpr AgentFlag flags[] = {
    {"advertise", setting, "advertise_addr", "IP address that others reach this server under"},
    {"advertise-wan", setting, "advertise_addr_wan", "accepted; there is one datacenter only"},
    {"allow-write-http-from", setting, "http_config.allow_write_http_from",
     "network (CIDR) that may send other requests than GET; may be repeated"},
    {"alt-domain", setting, "alt_domain", "second DNS domain"},
    {"bind", setting, "bind_addr", "IP address for RPC between servers [0.0.0.0]"},
    {"bootstrap", toggle, "bootstrap", "make a new cluster of this one server"},
    {"bootstrap-expect", setting, "bootstrap_expect",
     "number of servers that found a cluster together"},
    {"check_output_max_size", setting, "check_output_max_size",
     "bytes kept of a check's output [4096]"},
    {"client", setting, "client_addr", "IP addresses for HTTP and DNS [127.0.0.1]"},
    {"config-dir", config_dir, "",
     "directory of .json and .hcl files, read in the order of their names"},
    {"config-file", config_file, "", "configuration file or directory; may be repeated"},
    {"config-format", config_format, "", "format of all files, whatever their ending: hcl or json"},
    {"data-dir", setting, "data_dir", "directory for everything that must survive a restart"},
    {"datacenter", setting, "datacenter", "name of the datacenter [dc1]"},
    {"default-query-time", setting, "default_query_time", "wait of a blocking query [5m]"},
    {"dev", dev, "", "a complete server for trying out: in a directory that goes with it"},
    {"disable-host-node-id", toggle, "disable_host_node_id", "accepted; node ids are random"},
    {"disable-keyring-file", toggle, "disable_keyring_file",
     "do not keep changed keys in the data directory"},
    {"dns-port", setting, "ports.dns", "port for DNS [8600]"},
    {"domain", setting, "domain", "DNS domain [consul.]"},
    {"enable-local-script-checks", toggle, "enable_local_script_checks",
     "run script checks that stand in configuration files"},
    {"enable-script-checks", toggle, "enable_script_checks",
     "run script checks, those registered over HTTP too"},
    {"encrypt", setting, "encrypt", "key for RPC: 16, 24 or 32 bytes in base64"},
    {"grpc-port", setting, "ports.grpc", "accepted; there is no gRPC"},
    {"grpc-tls-port", setting, "ports.grpc_tls", "accepted; there is no gRPC"},
    {"hcl", config_text, "", "a piece of configuration in HCL or JSON; may be repeated"},
    {"http-port", setting, "ports.http", "port for HTTP [8500]"},
    {"https-port", setting, "ports.https", "accepted; HTTPS comes later"},
    {"join", setting, "start_join", "address of a node to join, tried once; may be repeated"},
    {"join-wan", setting, "start_join_wan", "accepted; there is one datacenter only"},
    {"log-file", setting, "log_file", "accepted; log lines go to standard output"},
    {"log-json", toggle, "log_json", "log lines as JSON objects"},
    {"log-level", setting, "log_level", "trace, debug, info, warn or error [info]"},
    {"log-rotate-bytes", setting, "log_rotate_bytes", "accepted"},
    {"log-rotate-duration", setting, "log_rotate_duration", "accepted"},
    {"log-rotate-max-files", setting, "log_rotate_max_files", "accepted"},
    {"max-query-time", setting, "max_query_time", "longest wait of a blocking query [10m]"},
    {"node", setting, "node_name", "name of this node [the host's name]"},
    {"node-id", setting, "node_id", "UUID of this node [random, kept in the data directory]"},
    {"node-meta", node_meta, "node_meta", "key:value; may be repeated"},
    {"pid-file", setting, "pid_file", "file for the process id"},
    {"primary-gateway", setting, "primary_gateways", "accepted; there is one datacenter only"},
    {"protocol", setting, "protocol", "accepted; there is no gossip"},
    {"raft-protocol", setting, "raft_protocol", "accepted"},
    {"recursor", setting, "recursors", "upstream DNS server; may be repeated"},
    {"rejoin", toggle, "rejoin_after_leave", "rejoin the cluster that was left before"},
    {"retry-interval", setting, "retry_interval", "time between attempts to join [30s]"},
    {"retry-interval-wan", setting, "retry_interval_wan", "accepted"},
    {"retry-join", setting, "retry_join",
     "address of a node to join, tried until one answers; may be repeated"},
    {"retry-join-wan", setting, "retry_join_wan", "accepted; there is one datacenter only"},
    {"retry-max", setting, "retry_max", "attempts to join before giving up [0: no end]"},
    {"retry-max-wan", setting, "retry_max_wan", "accepted"},
    {"segment", setting, "segment", "accepted; there are no network segments"},
    {"serf-lan-allowed-cidrs", setting, "serf_lan_allowed_cidrs", "networks that may join"},
    {"serf-lan-bind", setting, "serf_lan", "IP address for the serf_lan port [that of -bind]"},
    {"serf-lan-port", setting, "ports.serf_lan", "second port of RPC [8301]"},
    {"serf-wan-allowed-cidrs", setting, "serf_wan_allowed_cidrs", "networks that may join"},
    {"serf-wan-bind", setting, "serf_wan", "accepted; there is one datacenter only"},
    {"serf-wan-port", setting, "ports.serf_wan", "accepted; there is one datacenter only"},
    {"server", toggle, "server", "be a server: keep a copy of the state"},
    {"server-port", setting, "ports.server", "port for RPC [8300]"},
    {"syslog", toggle, "enable_syslog", "accepted; log lines go to standard output"},
    {"ui", toggle, "ui_config.enabled", "accepted; the user interface comes later"},
    {"ui-content-path", setting, "ui_config.content_path", "accepted"},
    {"ui-dir", setting, "ui_config.dir", "accepted"},
};

}  // namespace

std::span<const AgentFlag> agent_flags() { return flags; }

const AgentFlag* find_agent_flag(std::string_view name) {
  const auto* at = std::ranges::find(flags, name, &AgentFlag::name);
  return at == std::end(flags) ? nullptr : at;
}

Result<void> apply_flag(const AgentFlag& flag, const std::string& value, Settings& settings) {
  const std::string source = "flag -" + std::string(flag.name);
  if (flag.kind != node_meta) return settings.set_text(flag.path, value, source);
  const auto colon = value.find(':');
  if (colon == std::string::npos || colon == 0) {
    return fail(ErrorCode::bad_request, source + ": must be key:value, not \"" + value + "\"");
  }
  settings.set_pair(flag.path, value.substr(0, colon), value.substr(colon + 1), source);
  return {};
}

}  // namespace conclave::cli
