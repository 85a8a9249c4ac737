#include "cli/config/check_config.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "base/core/text.h"
#include "base/core/uuid.h"

namespace conclave::cli {
namespace {

/// More would not be a quorum that anybody runs.
constexpr std::int64_t bootstrap_expect_max = 64;

std::unexpected<Error> refuse(std::string message) {
  return fail(ErrorCode::bad_request, std::move(message));
}

bool is_ip_address(std::string text) {
  if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  return inet_pton(AF_INET, text.c_str(), bytes.data()) == 1 ||
         inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1;
}

Result<void> check_address(const std::string& address, const std::string& place) {
  if (!is_ip_address(address)) {
    return refuse(fmt::format("{}: \"{}\" is not an IP address", place, address));
  }
  return {};
}

Result<void> check_identity(const AgentConfig& config, const Settings& settings) {
  if (config.data_dir.empty() && !config.dev) {
    return refuse("data_dir cannot be empty: give -data-dir, or -dev to try it out");
  }
  const bool name_ok = std::ranges::none_of(
      config.node_name, [](unsigned char c) { return std::iscntrl(c) != 0 || c == '/'; });
  if (config.node_name.empty() || config.node_name.size() > 255 || !name_ok) {
    return refuse(fmt::format("{}: a node name has 1 to 255 printable characters and no slash",
                              settings.place_of("node_name")));
  }
  const bool datacenter_ok = std::ranges::all_of(config.datacenter, [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '-';
  });
  if (config.datacenter.empty()) return refuse("datacenter cannot be empty");
  if (!datacenter_ok) {
    return refuse(fmt::format("{} can be \"a-z\", \"0-9\", \"_\" and \"-\" only, not \"{}\"",
                              settings.place_of("datacenter"), config.datacenter));
  }
  if (!config.node_id.empty() && !is_uuid(config.node_id)) {
    return refuse(fmt::format("{}: \"{}\" is not a valid UUID", settings.place_of("node_id"),
                              config.node_id));
  }
  constexpr std::array<std::string_view, 6> levels = {"trace", "debug", "info",
                                                      "warn",  "err",   "error"};
  if (std::ranges::find(levels, to_lower_ascii(config.log_level)) == levels.end()) {
    return refuse(fmt::format("{}: \"{}\" is not one of trace, debug, info, warn, error",
                              settings.place_of("log_level"), config.log_level));
  }
  return {};
}

/// The addresses themselves are read when they are used.
Result<void> check_joins(const AgentConfig& config, const Settings& settings) {
  for (const auto& [list, path] :
       {std::pair(&config.retry_join, "retry_join"), std::pair(&config.start_join, "start_join")}) {
    for (const std::string& address : *list) {
      if (!address.contains("provider=")) continue;
      return refuse(
          fmt::format("{}: finding servers through a cloud provider (\"{}\") is not "
                      "supported: write their addresses",
                      settings.place_of(path), address));
    }
  }
  if (config.bootstrap_expect > bootstrap_expect_max) {
    return refuse(fmt::format("{} must be at most {}, not {}",
                              settings.place_of("bootstrap_expect"), bootstrap_expect_max,
                              config.bootstrap_expect));
  }
  const api::AutopilotConfig& autopilot = config.autopilot;
  if (autopilot.last_contact_threshold < Nanos{} || autopilot.server_stabilization_time < Nanos{}) {
    return refuse("autopilot: durations must not be negative");
  }
  return {};
}

Result<void> check_addresses(const AgentConfig& config, const Settings& settings) {
  CONCLAVE_TRY(check_address(config.bind_addr, settings.place_of("bind_addr")));
  if (!config.serf_lan_addr.empty()) {
    CONCLAVE_TRY(check_address(config.serf_lan_addr, settings.place_of("serf_lan")));
  }
  if (!config.advertise_addr.empty()) {
    const std::string place = settings.place_of("advertise_addr");
    CONCLAVE_TRY(check_address(config.advertise_addr, place));
    if (config.advertise_addr == "0.0.0.0" || config.advertise_addr == "::" ||
        config.advertise_addr == "[::]") {
      return refuse("advertise_addr cannot be 0.0.0.0, :: or [::]");
    }
  }
  const std::string place =
      settings.place_of(settings.text("addresses.http") ? "addresses.http" : "client_addr");
  for (const std::string& address : config.http_addresses) {
    if (!address.starts_with("unix://")) {
      CONCLAVE_TRY(check_address(address, place));
      continue;
    }
    if (address.size() - 7 >= sizeof(sockaddr_un::sun_path) || address.size() == 7) {
      return refuse(fmt::format("{}: the path of a UNIX socket has 1 to {} bytes", place,
                                sizeof(sockaddr_un::sun_path) - 1));
    }
  }
  if (config.http_addresses.empty()) return refuse(place + ": names no address");
  // unix:// in client_addr is for HTTP.
  if (settings.text("addresses.dns")) {
    for (const std::string& address : config.dns_addresses) {
      CONCLAVE_TRY(check_address(address, settings.place_of("addresses.dns")));
    }
  }
  const auto& mode = config.unix_sockets.mode;
  if (!mode.empty() && (mode.size() > 4 || mode.find_first_not_of("01234567") != mode.npos)) {
    return refuse(fmt::format("{}: \"{}\" is not an octal mode such as 0660",
                              settings.place_of("unix_sockets.mode"), mode));
  }
  return {};
}

struct NumberRule {
  std::string_view path;
  std::int64_t AgentConfig::* member;
  std::int64_t least;
  std::int64_t most;
};

constexpr NumberRule number_rules[] = {
    {"check_output_max_size", &AgentConfig::check_output_max_size, 1, 1 << 20},
    {"retry_max", &AgentConfig::retry_max, 0, 1 << 30},
    {"performance.raft_multiplier", &AgentConfig::raft_multiplier, 1, 10},
    {"performance.front_threads", &AgentConfig::front_threads, 0, 64},
    {"limits.kv_max_value_size", &AgentConfig::kv_max_value_size, 1, 3 << 20},
    {"limits.txn_max_req_len", &AgentConfig::txn_max_req_len, 1, 3 << 20},
    {"limits.http_max_conns_per_client", &AgentConfig::http_max_conns_per_client, 0, 1 << 30},
    {"limits.rpc_max_conns_per_client", &AgentConfig::rpc_max_conns_per_client, 0, 1 << 30},
    {"http_config.max_header_bytes", &AgentConfig::http_max_header_bytes, 0, 16 << 20},
    {"storage.quota_bytes", &AgentConfig::quota_bytes, 0, std::int64_t{1} << 50},
    {"storage.free_space_min_bytes", &AgentConfig::free_space_min_bytes, 0, std::int64_t{1} << 50},
};

struct PortRule {
  std::string_view path;
  std::int64_t Ports::* member;
};

constexpr PortRule port_rules[] = {
    {"ports.http", &Ports::http},         {"ports.dns", &Ports::dns},
    {"ports.server", &Ports::server},     {"ports.serf_lan", &Ports::serf_lan},
    {"ports.serf_wan", &Ports::serf_wan},
};

struct DurationRule {
  std::string_view path;
  Nanos AgentConfig::* member;
  Nanos least;
};

constexpr DurationRule duration_rules[] = {
    {"check_update_interval", &AgentConfig::check_update_interval, Nanos{0}},
    {"performance.node_lease_ttl", &AgentConfig::node_lease_ttl, std::chrono::seconds(1)},
    {"performance.rebalance_interval", &AgentConfig::rebalance_interval, std::chrono::seconds(1)},
    {"performance.rpc_hold_timeout", &AgentConfig::rpc_hold_timeout, Nanos{0}},
    {"retry_interval", &AgentConfig::retry_interval, Nanos{1}},
    {"reconnect_timeout", &AgentConfig::reconnect_timeout, std::chrono::hours(8)},
    {"default_query_time", &AgentConfig::default_query_time, Nanos{1}},
    {"max_query_time", &AgentConfig::max_query_time, Nanos{1}},
    {"session_ttl_min", &AgentConfig::session_ttl_min, Nanos{0}},
    {"telemetry.prometheus_retention_time", &AgentConfig::prometheus_retention_time, Nanos{0}},
};

/// The table of changes alone takes up to 16 MiB, whatever is deleted.
constexpr std::int64_t quota_bytes_min = 64 << 20;

Result<void> check_numbers(const AgentConfig& config, const Settings& settings) {
  if (config.quota_bytes > 0 && config.quota_bytes < quota_bytes_min) {
    return refuse(fmt::format("{} must be 0 (none) or at least {}, not {}",
                              settings.place_of("storage.quota_bytes"), quota_bytes_min,
                              config.quota_bytes));
  }
  for (const NumberRule& rule : number_rules) {
    const std::int64_t value = config.*rule.member;
    if (value < rule.least || value > rule.most) {
      return refuse(fmt::format("{} must be {} to {}, not {}", settings.place_of(rule.path),
                                rule.least, rule.most, value));
    }
  }
  for (const PortRule& rule : port_rules) {
    const std::int64_t value = config.ports.*rule.member;
    if (value < -1 || value > 65535) {
      return refuse(fmt::format("{} must be a port from 1 to 65535, or -1 to turn it off, not {}",
                                settings.place_of(rule.path), value));
    }
  }
  for (const DurationRule& rule : duration_rules) {
    if (config.*rule.member < rule.least) {
      return refuse(fmt::format("{} must be at least {}, not {}", settings.place_of(rule.path),
                                format_duration(rule.least), format_duration(config.*rule.member)));
    }
  }
  return {};
}

/// Contract 6.1: the limits of meta pairs.
Result<void> check_node_meta(const AgentConfig& config) {
  if (config.node_meta.size() > 64) {
    return refuse("Node metadata cannot contain more than 64 key/value pairs");
  }
  for (const auto& [key, value] : config.node_meta) {
    auto bad = [&](std::string_view why) {
      return refuse(
          fmt::format("node_meta: Couldn't load metadata pair ('{}', '{}'): {}", key, value, why));
    };
    if (key.starts_with("consul-")) return bad("Key prefix 'consul-' is reserved for internal use");
    if (key.size() > 128) return bad("Key is too long (limit: 128 characters)");
    if (value.size() > 512) return bad("Value is too long (limit: 512 characters)");
    const bool valid = !key.empty() && std::ranges::all_of(key, [](unsigned char c) {
      return std::isalnum(c) != 0 || c == '_' || c == '-';
    });
    if (!valid) return bad("Key contains invalid characters");
  }
  return {};
}

}  // namespace

Result<void> check_config(const AgentConfig& config, const Settings& settings) {
  CONCLAVE_TRY(check_identity(config, settings));
  CONCLAVE_TRY(check_addresses(config, settings));
  CONCLAVE_TRY(check_joins(config, settings));
  CONCLAVE_TRY(check_numbers(config, settings));
  return check_node_meta(config);
}

}  // namespace conclave::cli
