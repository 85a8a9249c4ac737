#include "cli/config/key_tables.h"

/// Addresses and ports: one entry per key, in the order of the paths.

namespace conclave::cli {
namespace {

using enum KeyClass;
using enum KeyType;

constexpr std::string_view no_dns = "DNS comes later";
constexpr std::string_view no_grpc = "there is no gRPC";
constexpr std::string_view no_https = "HTTPS comes later";
constexpr std::string_view use_advertise = "use advertise_addr";
constexpr std::string_view one_datacenter = "there is one datacenter only";
constexpr std::string_view no_mesh = "there is no service mesh";

constexpr KeyEntry entries[] = {
    {"addresses.dns", text, later, "", "addresses for DNS; client_addr by default", no_dns},
    {"addresses.grpc", text, later, "", "addresses for gRPC", no_grpc},
    {"addresses.grpc_tls", text, later, "", "addresses for gRPC over TLS", no_grpc},
    {"addresses.http", text, implemented, "",
     "IP addresses, or unix:///path, for HTTP; client_addr by default"},
    {"addresses.https", text, later, "", "addresses for HTTPS", no_https},
    {"advertise_addr", text, implemented, "",
     "IP address under which others reach this agent; found out from bind_addr by default"},
    {"advertise_addr_ipv4", text, implemented, "", "the same; advertise_addr wins"},
    {"advertise_addr_ipv6", text, later, "", "the same for IPv6", use_advertise},
    {"advertise_addr_wan", text, later, "", "address for other datacenters", one_datacenter},
    {"advertise_addr_wan_ipv4", text, later, "", "address for other datacenters", one_datacenter},
    {"advertise_addr_wan_ipv6", text, later, "", "address for other datacenters", one_datacenter},
    {"bind_addr", text, implemented, "\"0.0.0.0\"", "IP address for RPC between nodes"},
    {"client_addr", text, implemented, "\"127.0.0.1\"",
     "IP addresses for HTTP, separated by spaces"},
    {"ports.dns", integer, later, "8600", "port for DNS", no_dns},
    {"ports.expose_max_port", integer, later, "21755", "last port for exposed checks", no_mesh},
    {"ports.expose_min_port", integer, later, "21500", "first port for exposed checks", no_mesh},
    {"ports.grpc", integer, later, "-1", "port for gRPC", no_grpc},
    {"ports.grpc_tls", integer, later, "8503", "port for gRPC over TLS", no_grpc},
    {"ports.http", integer, implemented, "8500", "port for HTTP; -1 or 0: none"},
    {"ports.https", integer, later, "-1", "port for HTTPS", no_https},
    {"ports.proxy_max_port", integer, later, "20255", "last port for proxies", no_mesh},
    {"ports.proxy_min_port", integer, later, "20000", "first port for proxies", no_mesh},
    {"ports.serf_lan", integer, implemented, "8301",
     "second port for RPC between nodes, where Consul has gossip"},
    {"ports.serf_wan", integer, implemented, "8302", "shown in members; nothing listens there"},
    {"ports.server", integer, implemented, "8300", "port for RPC between nodes"},
    {"ports.sidecar_max_port", integer, later, "21255", "last port for sidecars", no_mesh},
    {"ports.sidecar_min_port", integer, later, "21000", "first port for sidecars", no_mesh},
    {"serf_lan", text, implemented, "", "IP address for the serf_lan port; bind_addr by default"},
    {"serf_wan", text, later, "", "address for gossip with other datacenters", one_datacenter},
    {"tagged_addresses", text_map, implemented, "", "more addresses of the node, by name"},
    {"translate_wan_addrs", boolean, implemented, "false",
     "answer other datacenters with WAN addresses: there is one, so only a header says so"},
    {"unix_sockets.group", text, implemented, "", "group, by name or number, of the socket's file"},
    {"unix_sockets.mode", text, implemented, "", "its mode, octal, such as \"0660\""},
    {"unix_sockets.user", text, implemented, "", "its owner, by name or number"},
};

}  // namespace

std::span<const KeyEntry> network_keys() { return entries; }

}  // namespace conclave::cli
