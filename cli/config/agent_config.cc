#include "cli/config/agent_config.h"

#include <fmt/format.h>

#include <cstdlib>
#include <sstream>

#include "base/core/text.h"
#include "cli/config/address_templates.h"
#include "cli/config/check_config.h"
#include "cli/config/definitions.h"
#include "cli/config/dns_config.h"
#include "cli/config/load_config.h"
#include "cli/config/read_files.h"

namespace conclave::cli {
namespace {

/// Moves values out of Settings into the members of AgentConfig. Durations can fail, so the first
/// failure is kept and the rest goes on.
class Filler {
 public:
  explicit Filler(const Settings& settings) : settings_(settings) {}

  void fill(std::string_view path, std::string& out) {
    if (auto text = settings_.text(path)) out = *text;
  }
  void fill(std::string_view path, bool& out) {
    if (auto on = settings_.boolean(path)) out = *on;
  }
  void fill(std::string_view path, std::int64_t& out) {
    if (auto number = settings_.integer(path)) out = *number;
  }
  /// Negative numbers are an error: they say nothing of what is counted here.
  void fill(std::string_view path, std::uint64_t& out) {
    const auto number = settings_.integer(path);
    if (!number) return;
    if (*number < 0 && !error_) {
      error_ = Error{ErrorCode::bad_request,
                     fmt::format("{} must not be negative", settings_.place_of(path))};
    }
    out = static_cast<std::uint64_t>(*number);
  }
  void fill(std::string_view path, Nanos& out) {
    auto duration = settings_.duration(path);
    if (!duration && !error_) error_ = duration.error();
    if (duration && duration->has_value()) out = **duration;
  }
  void fill(std::string_view path, TextMap& out) { out = settings_.text_map(path); }
  void fill(std::string_view path, TextList& out) { out = settings_.text_list(path); }

  Result<void> result() const {
    if (error_) return std::unexpected(*error_);
    return {};
  }

 private:
  const Settings& settings_;
  std::optional<Error> error_;
};

std::vector<std::string> split_words(const std::string& text) {
  std::istringstream words(text);
  std::vector<std::string> list;
  for (std::string word; words >> word;) list.push_back(word);
  return list;
}

void fill_identity(Filler& filler, AgentConfig& config) {
  filler.fill("server", config.server);
  filler.fill("bootstrap", config.bootstrap);
  filler.fill("datacenter", config.datacenter);
  filler.fill("primary_datacenter", config.primary_datacenter);
  filler.fill("node_name", config.node_name);
  filler.fill("node_id", config.node_id);
  filler.fill("data_dir", config.data_dir);
  filler.fill("pid_file", config.pid_file);
  filler.fill("node_meta", config.node_meta);
  filler.fill("tagged_addresses", config.tagged_addresses);
  filler.fill("log_level", config.log_level);
  filler.fill("log_json", config.log_json);
  config.datacenter = to_lower_ascii(config.datacenter);
}

void fill_network(Filler& filler, const Settings& settings, AgentConfig& config) {
  filler.fill("bind_addr", config.bind_addr);
  filler.fill("serf_lan", config.serf_lan_addr);
  filler.fill("advertise_addr_ipv4", config.advertise_addr);
  filler.fill("advertise_addr", config.advertise_addr);
  filler.fill("ports.http", config.ports.http);
  filler.fill("ports.dns", config.ports.dns);
  filler.fill("ports.server", config.ports.server);
  filler.fill("ports.serf_lan", config.ports.serf_lan);
  filler.fill("ports.serf_wan", config.ports.serf_wan);
  filler.fill("unix_sockets.user", config.unix_sockets.user);
  filler.fill("unix_sockets.group", config.unix_sockets.group);
  filler.fill("unix_sockets.mode", config.unix_sockets.mode);
  std::string client = settings.text("client_addr").value_or("");
  if (client.empty()) client = "127.0.0.1";
  const std::string http = settings.text("addresses.http").value_or("");
  config.http_addresses = split_words(http.empty() ? client : http);
  const std::string dns = settings.text("addresses.dns").value_or("");
  config.dns_addresses = split_words(dns.empty() ? client : dns);
}

void fill_cluster(Filler& filler, AgentConfig& config) {
  filler.fill("disable_keyring_file", config.disable_keyring_file);
  filler.fill("start_join", config.start_join);
  filler.fill("retry_join", config.retry_join);
  filler.fill("retry_interval", config.retry_interval);
  filler.fill("retry_max", config.retry_max);
  filler.fill("rejoin_after_leave", config.rejoin_after_leave);
  filler.fill("reconnect_timeout", config.reconnect_timeout);
  filler.fill("performance.node_lease_ttl", config.node_lease_ttl);
  filler.fill("performance.rebalance_interval", config.rebalance_interval);
  api::AutopilotConfig& autopilot = config.autopilot;
  filler.fill("autopilot.cleanup_dead_servers", autopilot.cleanup_dead_servers);
  filler.fill("autopilot.last_contact_threshold", autopilot.last_contact_threshold);
  filler.fill("autopilot.max_trailing_logs", autopilot.max_trailing_logs);
  filler.fill("autopilot.min_quorum", autopilot.min_quorum);
  filler.fill("autopilot.server_stabilization_time", autopilot.server_stabilization_time);
  filler.fill("autopilot.redundancy_zone_tag", autopilot.redundancy_zone_tag);
  filler.fill("autopilot.disable_upgrade_migration", autopilot.disable_upgrade_migration);
  filler.fill("autopilot.upgrade_version_tag", autopilot.upgrade_version_tag);
}

/// Of the key no part is shown.
Result<void> fill_encrypt(const Settings& settings, AgentConfig& config) {
  const std::string text = settings.text("encrypt").value_or("");
  if (text.empty()) return {};
  const auto key = decode_base64(text);
  if (!key || (key->size() != 16 && key->size() != 24 && key->size() != 32)) {
    return fail(ErrorCode::bad_request,
                fmt::format("{} has invalid key: it must be 16, 24 or 32 bytes in base64, as "
                            "`conclave keygen` makes it",
                            settings.place_of("encrypt")));
  }
  config.encrypt = *key;
  return {};
}

void fill_agent(Filler& filler, AgentConfig& config) {
  filler.fill("enable_script_checks", config.enable_script_checks);
  filler.fill("enable_local_script_checks", config.enable_local_script_checks);
  filler.fill("discard_check_output", config.discard_check_output);
  filler.fill("check_redirects_same_host", config.check_redirects_same_host);
  filler.fill("check_output_max_size", config.check_output_max_size);
  filler.fill("check_update_interval", config.check_update_interval);
  config.leave_on_terminate = !config.server;
  config.skip_leave_on_interrupt = config.server;
  filler.fill("leave_on_terminate", config.leave_on_terminate);
  filler.fill("skip_leave_on_interrupt", config.skip_leave_on_interrupt);
}

void fill_server(Filler& filler, AgentConfig& config) {
  filler.fill("performance.raft_multiplier", config.raft_multiplier);
  filler.fill("performance.rpc_hold_timeout", config.rpc_hold_timeout);
  filler.fill("performance.front_threads", config.front_threads);
  filler.fill("session_ttl_min", config.session_ttl_min);
  filler.fill("default_query_time", config.default_query_time);
  filler.fill("max_query_time", config.max_query_time);
  filler.fill("limits.kv_max_value_size", config.kv_max_value_size);
  config.txn_max_req_len = config.kv_max_value_size;
  filler.fill("limits.txn_max_req_len", config.txn_max_req_len);
  filler.fill("limits.http_max_conns_per_client", config.http_max_conns_per_client);
  filler.fill("limits.rpc_max_conns_per_client", config.rpc_max_conns_per_client);
  filler.fill("http_config.max_header_bytes", config.http_max_header_bytes);
  filler.fill("http_config.response_headers", config.response_headers);
  filler.fill("http_config.block_endpoints", config.block_endpoints);
  filler.fill("http_config.allow_write_http_from", config.allow_write_http_from);
  bool unfiltered = false;
  filler.fill("disable_http_unprintable_char_filter", unfiltered);
  config.filter_unprintable = !unfiltered;
  filler.fill("telemetry.prometheus_retention_time", config.prometheus_retention_time);
  filler.fill("telemetry.disable_hostname", config.metrics_without_host);
  filler.fill("enable_debug", config.enable_debug);
  filler.fill("translate_wan_addrs", config.translate_wan_addrs);
  filler.fill("disable_coordinates", config.disable_coordinates);
  filler.fill("discovery_max_stale", config.discovery_max_stale);
  filler.fill("storage.quota_bytes", config.quota_bytes);
  filler.fill("storage.free_space_min_bytes", config.free_space_min_bytes);
}

Result<void> fill_texts(const Settings& settings, AgentConfig& config) {
  const std::string sync = settings.text("storage.sync").value_or("checkpoint");
  if (sync != "full" && sync != "checkpoint") {
    return fail(ErrorCode::bad_request,
                fmt::format("{} must be \"checkpoint\" or \"full\", not \"{}\"",
                            settings.place_of("storage.sync"), sync));
  }
  config.storage_sync_full = sync == "full";
  return {};
}

Result<void> fill_definitions(const Settings& settings, AgentConfig& config) {
  for (const Definition& definition : settings.definitions()) {
    if (definition.kind == "service") {
      CONCLAVE_TRY_ASSIGN(auto service, read_service(definition));
      config.services.push_back(std::move(service));
    } else if (definition.kind == "watch") {
      CONCLAVE_TRY_ASSIGN(auto watch, read_watch(definition));
      config.watches.push_back(std::move(watch));
    } else {
      CONCLAVE_TRY_ASSIGN(auto check, read_check(definition));
      config.checks.push_back(std::move(check));
    }
  }
  return match_checks(config.services, config.checks);
}

/// What -dev changes before files and flags have their say.
void set_dev_defaults(AgentConfig& config) {
  config.dev = true;
  config.server = true;
  config.bind_addr = "127.0.0.1";
  config.log_level = "debug";
  config.raft_multiplier = 1;
}

/// bootstrap_expect = 1 is bootstrap.
Result<void> settle_bootstrap(const Settings& settings, AgentConfig& config) {
  const std::int64_t expect = settings.integer("bootstrap_expect").value_or(0);
  auto refuse = [](std::string message) {
    return fail(ErrorCode::bad_request, std::move(message));
  };
  if (expect < 0) return refuse("bootstrap_expect cannot be negative");
  if (expect > 0 && config.dev) return refuse("'bootstrap_expect' cannot be used with -dev");
  if (expect > 0 && !config.server)
    return refuse("'bootstrap_expect > 0' requires 'server = true'");
  if (expect > 0 && config.bootstrap) {
    return refuse("'bootstrap_expect > 0' and 'bootstrap = true' are mutually exclusive");
  }
  if (expect > 1) {
    config.bootstrap_expect = expect;
    if (expect == 2) {
      config.warnings.emplace_back(
          "bootstrap_expect = 2: a cluster of two servers stops when either of them fails");
    } else if (expect % 2 == 0) {
      config.warnings.push_back(
          fmt::format("bootstrap_expect is even: a cluster of {} servers survives no more "
                      "failures than one of {}",
                      expect, expect - 1));
    }
  }
  if (expect == 1) {
    config.warnings.emplace_back("bootstrap_expect is set to 1: this is the same as bootstrap");
  }
  if (config.bootstrap && !config.server) {
    return refuse("'bootstrap = true' requires 'server = true'");
  }
  config.bootstrap = config.bootstrap || config.dev || expect == 1;
  return {};
}

Result<AgentConfig> build(Settings settings, const HostFacts& host, AgentConfig config) {
  CONCLAVE_TRY(settings.check_refused());
  CONCLAVE_TRY(expand_addresses(host.interfaces, settings));
  Filler filler(settings);
  fill_identity(filler, config);
  fill_network(filler, settings, config);
  fill_agent(filler, config);
  fill_cluster(filler, config);
  fill_server(filler, config);
  CONCLAVE_TRY(filler.result());
  CONCLAVE_TRY(expand_joins(host.interfaces, settings, config));
  CONCLAVE_TRY(fill_dns(settings, host.interfaces, config));
  CONCLAVE_TRY(fill_texts(settings, config));
  CONCLAVE_TRY(fill_encrypt(settings, config));
  CONCLAVE_TRY(fill_definitions(settings, config));
  CONCLAVE_TRY(settle_bootstrap(settings, config));
  for (std::string& warning : settings.warnings()) config.warnings.push_back(std::move(warning));
  CONCLAVE_TRY(check_config(config, settings));
  return config;
}

/// -config-format counts for all files, wherever it stands.
Result<ForcedFormat> forced_format(std::span<const GivenFlag> flags) {
  ForcedFormat format;
  for (const GivenFlag& given : flags) {
    if (find_agent_flag(given.name)->kind != AgentFlagKind::config_format) continue;
    CONCLAVE_TRY_ASSIGN(format, parse_config_format(given.value));
  }
  return format;
}

Result<void> read_given_files(std::span<const GivenFlag> flags, Settings& settings) {
  CONCLAVE_TRY_ASSIGN(const ForcedFormat format, forced_format(flags));
  for (const GivenFlag& given : flags) {
    switch (find_agent_flag(given.name)->kind) {
      case AgentFlagKind::config_file:
        CONCLAVE_TRY(read_config_path(given.value, format, settings));
        break;
      case AgentFlagKind::config_dir:
        CONCLAVE_TRY(read_config_dir(given.value, format, settings));
        break;
      case AgentFlagKind::config_text:
        CONCLAVE_TRY(read_config_text(given.value, api::hcl::Format::hcl, "flag -hcl", settings));
        break;
      default:
        break;
    }
  }
  return {};
}

}  // namespace

Result<AgentConfig> load_agent_config(std::span<const GivenFlag> flags, const HostFacts& host) {
  AgentConfig config;
  config.node_name = host.name;
  Settings settings;
  for (const GivenFlag& given : flags) {
    const AgentFlag* flag = find_agent_flag(given.name);
    if (flag == nullptr) {
      return fail(ErrorCode::bad_request, "flag provided but not defined: -" + given.name);
    }
    if (flag->kind == AgentFlagKind::dev && given.value != "false") set_dev_defaults(config);
  }
  CONCLAVE_TRY(read_given_files(flags, settings));
  for (const GivenFlag& given : flags) {
    const AgentFlag& flag = *find_agent_flag(given.name);
    if (flag.kind == AgentFlagKind::setting || flag.kind == AgentFlagKind::toggle ||
        flag.kind == AgentFlagKind::node_meta) {
      CONCLAVE_TRY(apply_flag(flag, given.value, settings));
    }
  }
  return build(std::move(settings), host, std::move(config));
}

Result<void> validate_config_paths(std::span<const std::string> paths,
                                   const std::string& format_name, const HostFacts& host) {
  ForcedFormat format;
  if (!format_name.empty()) {
    CONCLAVE_TRY_ASSIGN(format, parse_config_format(format_name));
  }
  Settings settings;
  for (const std::string& path : paths) CONCLAVE_TRY(read_config_path(path, format, settings));
  AgentConfig config;
  config.node_name = host.name;
  config.data_dir = ".";
  auto built = build(std::move(settings), host, std::move(config));
  if (!built) return std::unexpected(built.error());
  return {};
}

}  // namespace conclave::cli
