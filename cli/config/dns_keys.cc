#include "cli/config/key_tables.h"

/// DNS: one entry per key, in the order of the paths.

namespace conclave::cli {
namespace {

using enum KeyClass;
using enum KeyType;

constexpr std::string_view no_dns = "DNS comes later";

constexpr KeyEntry entries[] = {
    {"alt_domain", text, later, "", "second domain", no_dns},
    {"dns_config.a_record_limit", integer, later, "0", "most A records of an answer", no_dns},
    {"dns_config.allow_stale", boolean, later, "true", "any server may answer", no_dns},
    {"dns_config.cache_max_age", duration, later, "\"0s\"", "age of cached answers", no_dns},
    {"dns_config.disable_compression", boolean, later, "false", "do not compress names", no_dns},
    {"dns_config.enable_additional_node_meta_txt", boolean, later, "true",
     "TXT records of node_meta", no_dns},
    {"dns_config.enable_truncate", boolean, later, "false", "set TC when an answer was cut",
     no_dns},
    {"dns_config.max_stale", duration, later, "\"87600h\"", "oldest answer", no_dns},
    {"dns_config.node_meta_txt", boolean, later, "true", "TXT records of node_meta", no_dns},
    {"dns_config.node_ttl", duration, later, "\"0s\"", "TTL of nodes", no_dns},
    {"dns_config.only_passing", boolean, later, "false", "leave out what has a warning", no_dns},
    {"dns_config.prefer_namespace", any, later, "", "how names with namespaces are read", no_dns},
    {"dns_config.recursor_strategy", text, later, "\"sequential\"", "order of recursors", no_dns},
    {"dns_config.recursor_timeout", duration, later, "\"2s\"", "longest wait for one", no_dns},
    {"dns_config.service_ttl", text_map, later, "", "TTL of services by name", no_dns},
    {"dns_config.soa.expire", integer, later, "86400", "SOA record", no_dns},
    {"dns_config.soa.min_ttl", integer, later, "0", "SOA record", no_dns},
    {"dns_config.soa.refresh", integer, later, "3600", "SOA record", no_dns},
    {"dns_config.soa.retry", integer, later, "600", "SOA record", no_dns},
    {"dns_config.udp_answer_limit", integer, later, "3", "most records of an answer over UDP",
     no_dns},
    {"dns_config.use_cache", boolean, later, "false", "answer from the agent's cache", no_dns},
    {"domain", text, later, "\"consul.\"", "domain", no_dns},
    {"recursors", text_list, later, "", "DNS servers for other names", no_dns},
};

}  // namespace

std::span<const KeyEntry> dns_keys() { return entries; }

}  // namespace conclave::cli
