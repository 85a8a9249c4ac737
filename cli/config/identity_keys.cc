#include "cli/config/key_tables.h"

/// Who this agent is and what it does: one entry per key, in the order of the paths.

namespace conclave::cli {
namespace {

using enum KeyClass;
using enum KeyType;

constexpr std::string_view send_sighup = "send SIGHUP or run `reload` instead";
constexpr std::string_view own_version = "the version is that of the build";
constexpr std::string_view no_experiments = "there are none";
constexpr std::string_view enterprise = "it belongs to Consul Enterprise";
constexpr std::string_view no_mesh = "there is no service mesh";
constexpr std::string_view no_segments = "there are no network segments";

constexpr KeyEntry entries[] = {
    {"auto_reload_config", boolean, later, "false", "read configuration again when files change",
     send_sighup},
    {"bootstrap", boolean, implemented, "false", "found a cluster of this one server"},
    {"bootstrap_expect", integer, implemented, "0",
     "number of servers that found a cluster together; 1 is the same as bootstrap"},
    {"build_date", text, later, "", "replaces the date of the build", own_version},
    {"data_dir", text, implemented, "",
     "directory for everything that must survive a restart; needed unless -dev"},
    {"datacenter", text, implemented, "\"dc1\"", "name of the datacenter"},
    {"disable_host_node_id", boolean, moot, "true",
     "node ids are drawn at random, not derived from the host"},
    {"experiments", any, later, "", "experimental features to turn on", no_experiments},
    {"license_path", text, later, "", "file with a licence", enterprise},
    {"locality.region", text, later, "", "region of this agent", no_mesh},
    {"locality.zone", text, later, "", "zone of this agent", no_mesh},
    {"node_id", text, implemented, "",
     "UUID of this node; without it one is drawn and kept in the data directory"},
    {"node_meta", text_map, implemented, "", "up to 64 pairs shown with the node"},
    {"node_name", text, implemented, "", "name of this node; the host's name by default"},
    {"non_voting_server", boolean, later, "false", "old name of read_replica", enterprise},
    {"partition", text, later, "", "admin partition of this agent", enterprise},
    {"pid_file", text, implemented, "", "file for the process id"},
    {"primary_datacenter", text, implemented, "",
     "shown by agent/self; this datacenter by default"},
    {"read_replica", boolean, later, "false", "a server that never votes", enterprise},
    {"reporting.license.enabled", boolean, later, "true", "report the use of a licence",
     enterprise},
    {"revision", text, later, "", "replaces the revision of the build", own_version},
    {"segment", text, later, "", "network segment to join", no_segments},
    {"segment_limit", integer, later, "", "most network segments of a server", no_segments},
    {"segment_name_limit", integer, later, "", "longest name of a network segment", no_segments},
    {"segments", any, later, "", "network segments of a server", no_segments},
    {"server", boolean, implemented, "false", "be a server: keep a copy of the state"},
    {"version", text, later, "", "replaces the version of the build", own_version},
    {"version_metadata", text, later, "", "replaces the version of the build", own_version},
    {"version_prerelease", text, later, "", "replaces the version of the build", own_version},
};

}  // namespace

std::span<const KeyEntry> identity_keys() { return entries; }

}  // namespace conclave::cli
