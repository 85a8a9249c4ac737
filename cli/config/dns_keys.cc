#include "cli/config/key_tables.h"

/// DNS: one entry per key, in the order of the paths.

namespace conclave::cli {
namespace {

using enum KeyClass;
using enum KeyType;

constexpr KeyEntry entries[] = {
    {"alt_domain", text, implemented, "", "second domain, which is answered for like the first"},
    {"dns_config.a_record_limit", integer, implemented, "0", "most A records of an answer"},
    {"dns_config.allow_stale", boolean, implemented, "true", "any server may answer"},
    {"dns_config.cache_max_age", duration, moot, "\"0s\"",
     "age of cached answers; here views are kept up to date"},
    {"dns_config.disable_compression", boolean, implemented, "false", "do not compress names"},
    {"dns_config.enable_additional_node_meta_txt", boolean, implemented, "true",
     "TXT records of node_meta"},
    {"dns_config.enable_truncate", boolean, implemented, "false", "set TC when an answer was cut"},
    {"dns_config.max_stale", duration, implemented, "\"87600h\"", "oldest answer"},
    {"dns_config.node_meta_txt", boolean, implemented, "true", "TXT records of node_meta"},
    {"dns_config.node_ttl", duration, implemented, "\"0s\"", "TTL of nodes"},
    {"dns_config.only_passing", boolean, implemented, "false", "leave out what has a warning"},
    {"dns_config.prefer_namespace", any, moot, "", "how names with namespaces are read"},
    {"dns_config.recursor_strategy", text, implemented, "\"sequential\"", "order of recursors"},
    {"dns_config.recursor_timeout", duration, implemented, "\"2s\"", "longest wait for one"},
    {"dns_config.service_ttl", text_map, implemented, "", "TTL of services by name"},
    {"dns_config.soa.expire", integer, implemented, "86400", "SOA record"},
    {"dns_config.soa.min_ttl", integer, implemented, "0", "SOA record"},
    {"dns_config.soa.refresh", integer, implemented, "3600", "SOA record"},
    {"dns_config.soa.retry", integer, implemented, "600", "SOA record"},
    {"dns_config.udp_answer_limit", integer, implemented, "3",
     "most records of an answer over UDP without EDNS; at most 8"},
    {"dns_config.use_cache", boolean, moot, "false",
     "answer from the agent's cache; here views are kept up to date"},
    {"domain", text, implemented, "\"consul.\"", "domain"},
    {"recursors", text_list, implemented, "",
     "IP addresses, with or without port, of DNS servers for other names"},
};

}  // namespace

std::span<const KeyEntry> dns_keys() { return entries; }

}  // namespace conclave::cli
