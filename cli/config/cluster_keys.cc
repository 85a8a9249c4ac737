#include "cli/config/key_tables.h"

/// Joining, the quorum, encryption: one entry per key, in the order of the paths.

namespace conclave::cli {
namespace {

using enum KeyClass;
using enum KeyType;

constexpr std::string_view no_gossip = "there is no gossip";
constexpr std::string_view no_upgrade_help = "autopilot keeps it and does nothing with it";
constexpr std::string_view one_datacenter = "there is one datacenter only";
constexpr std::string_view no_join_limit = "who may join cannot be limited yet; remove it";
constexpr std::string_view rejoins_by_log = "a server goes on from its log, however old";

constexpr KeyEntry entries[] = {
    {"advertise_reconnect_timeout", duration, later, "",
     "how long others remember this agent once it failed", no_gossip},
    {"autopilot.cleanup_dead_servers", boolean, implemented, "true",
     "take failed servers out of the quorum when a majority of the others is healthy"},
    {"autopilot.disable_upgrade_migration", boolean, later, "false",
     "do not replace servers by newer ones", no_upgrade_help},
    {"autopilot.last_contact_threshold", duration, implemented, "\"200ms\"",
     "a server not heard of for longer is not healthy"},
    {"autopilot.max_trailing_logs", integer, implemented, "250",
     "a server further behind is not healthy"},
    {"autopilot.min_quorum", integer, implemented, "0", "fewest servers that cleaning up leaves"},
    {"autopilot.redundancy_zone_tag", text, later, "", "node_meta key of a server's zone",
     no_upgrade_help},
    {"autopilot.server_stabilization_time", duration, implemented, "\"10s\"",
     "how long a new server must be healthy before it votes"},
    {"autopilot.upgrade_version_tag", text, later, "", "node_meta key of a server's version",
     no_upgrade_help},
    {"disable_keyring_file", boolean, implemented, "false",
     "keys that `keyring` has changed are not kept in the data directory: `encrypt` counts again "
     "at the next start"},
    {"encrypt", text, implemented, "",
     "key for RPC between nodes: 16, 24 or 32 bytes in base64; the keyring in the data directory, "
     "if there is one, comes first"},
    {"encrypt_verify_incoming", boolean, moot, "true", "with a key nothing comes in unencrypted"},
    {"encrypt_verify_outgoing", boolean, moot, "true", "with a key nothing goes out unencrypted"},
    {"gossip_lan", any, later, "", "timing of gossip", no_gossip},
    {"gossip_wan", any, later, "", "timing of gossip between datacenters", no_gossip},
    {"leave_on_terminate", boolean, implemented, "",
     "leave the cluster on SIGTERM: true, but false on servers"},
    {"primary_gateways", text_list, later, "", "mesh gateways of the primary datacenter",
     one_datacenter},
    {"primary_gateways_interval", duration, later, "\"30s\"", "between attempts to reach them",
     one_datacenter},
    {"protocol", integer, moot, "2", "version of gossip, of which there is none"},
    {"reconnect_timeout", duration, implemented, "\"72h\"",
     "a failed member is forgotten after this time, at least 8h"},
    {"reconnect_timeout_wan", duration, later, "\"72h\"", "the same for other datacenters",
     one_datacenter},
    {"rejoin_after_leave", boolean, implemented, "false",
     "rejoin the cluster that was left before"},
    {"retry_interval", duration, implemented, "\"30s\"", "between attempts to join"},
    {"retry_interval_wan", duration, later, "\"30s\"", "the same for other datacenters",
     one_datacenter},
    {"retry_join", text_list, implemented, "", "addresses to join, tried until one answers"},
    {"retry_join_wan", text_list, later, "", "the same for other datacenters", one_datacenter},
    {"retry_max", integer, implemented, "0", "attempts to join before giving up; 0: no end"},
    {"retry_max_wan", integer, later, "0", "the same for other datacenters", one_datacenter},
    {"serf_lan_allowed_cidrs", text_list, refused, "", "networks that may join", no_join_limit},
    {"serf_wan_allowed_cidrs", text_list, refused, "",
     "networks that may join from other datacenters", no_join_limit},
    {"server_rejoin_age_max", duration, later, "\"168h\"",
     "a server that was away for longer refuses to start", rejoins_by_log},
    {"skip_leave_on_interrupt", boolean, implemented, "",
     "do not leave the cluster on SIGINT: false, but true on servers"},
    {"start_join", text_list, implemented, "", "addresses to join, tried once"},
    {"start_join_wan", text_list, later, "", "the same for other datacenters", one_datacenter},
};

}  // namespace

std::span<const KeyEntry> cluster_keys() { return entries; }

}  // namespace conclave::cli
