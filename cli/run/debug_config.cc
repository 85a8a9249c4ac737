#include "cli/run/debug_config.h"

#include "base/core/version.h"

namespace conclave::cli {
namespace {

using api::JsonValue;

JsonValue text_list(const TextList& list) {
  JsonValue::Array array;
  for (const std::string& text : list) array.emplace_back(text);
  return JsonValue(std::move(array));
}

JsonValue text_map(const TextMap& map) {
  JsonValue::Object object;
  for (const auto& [name, text] : map) object.emplace_back(name, JsonValue(text));
  return JsonValue(std::move(object));
}

}  // namespace

JsonValue debug_config(const AgentConfig& config, const Identity& identity) {
  JsonValue::Object object;
  auto add = [&](const char* name, JsonValue value) {
    object.emplace_back(name, std::move(value));
  };
  auto text = [](std::string value) { return JsonValue(std::move(value)); };
  auto duration = [&](Nanos value) { return text(format_duration(value)); };
  const std::string rpc = join_host_port(identity.address, config.ports.server);
  const std::string serf = join_host_port(identity.address, config.ports.serf_lan);
  add("ACLsEnabled", JsonValue(false));
  add("AdvertiseAddrLAN", text(identity.address));
  add("AdvertiseAddrWAN", text(identity.address));
  add("BindAddr", text(config.bind_addr));
  add("Bootstrap", JsonValue(config.bootstrap));
  add("CheckOutputMaxSize", JsonValue(config.check_output_max_size));
  add("CheckUpdateInterval", duration(config.check_update_interval));
  add("ClientAddrs", text_list(config.http_addresses));
  add("ConclaveVersion", text(std::string(conclave_version)));
  add("DNSAddrs", text_list(config.dns_addresses));
  add("DNSDomain", text(config.dns.domain));
  add("DNSPort", JsonValue(config.ports.dns));
  add("DataDir", text(config.dev ? "" : config.data_dir));
  add("Datacenter", text(config.datacenter));
  add("DefaultQueryTime", duration(config.default_query_time));
  add("DevMode", JsonValue(config.dev));
  add("EnableDebug", JsonValue(config.enable_debug));
  add("EnableLocalScriptChecks", JsonValue(config.enable_local_script_checks));
  add("EnableRemoteScriptChecks", JsonValue(config.enable_script_checks));
  add("HTTPBlockEndpoints", text_list(config.block_endpoints));
  add("HTTPMaxConnsPerClient", JsonValue(config.http_max_conns_per_client));
  add("HTTPPort", JsonValue(config.ports.http));
  add("HTTPSPort", JsonValue(std::int64_t{-1}));
  add("KVMaxValueSize", JsonValue(config.kv_max_value_size));
  add("LeaveOnTerm", JsonValue(config.leave_on_terminate));
  add("LogLevel", text(config.log_level));
  add("MaxQueryTime", duration(config.max_query_time));
  add("NodeID", text(identity.node_id));
  add("NodeMeta", text_map(config.node_meta));
  add("NodeName", text(config.node_name));
  add("PidFile", text(config.pid_file));
  add("PrimaryDatacenter",
      text(config.primary_datacenter.empty() ? config.datacenter : config.primary_datacenter));
  add("RPCAdvertiseAddr", text("tcp://" + rpc));
  add("RaftProtocol", JsonValue(std::int64_t{3}));
  add("SerfAdvertiseAddrLAN", text("tcp://" + serf));
  add("SerfPortLAN", JsonValue(config.ports.serf_lan));
  add("SerfPortWAN", JsonValue(config.ports.serf_wan));
  add("ServerMode", JsonValue(config.server));
  add("ServerPort", JsonValue(config.ports.server));
  add("SessionTTLMin", duration(config.session_ttl_min));
  add("SkipLeaveOnInt", JsonValue(config.skip_leave_on_interrupt));
  add("TaggedAddresses", text_map(config.tagged_addresses));
  add("TranslateWANAddrs", JsonValue(false));
  add("TxnMaxReqLen", JsonValue(config.txn_max_req_len));
  add("Version", text(std::string(compatible_version)));
  return JsonValue(std::move(object));
}

}  // namespace conclave::cli
