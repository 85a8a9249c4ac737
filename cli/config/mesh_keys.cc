#include "cli/config/key_tables.h"

/// The service mesh, other products: one entry per key, in the order of the paths.

namespace conclave::cli {
namespace {

using enum KeyClass;
using enum KeyType;

constexpr std::string_view other_program = "it configures another program";
constexpr std::string_view no_mesh = "there is no service mesh";

constexpr KeyEntry entries[] = {
    {"cloud", any, later, "", "connects to HashiCorp's cloud", other_program},
    {"connect.ca_config", any, later, "", "options of the certificate authority", no_mesh},
    {"connect.ca_provider", text, later, "\"consul\"", "kind of certificate authority", no_mesh},
    {"connect.enable_mesh_gateway_wan_federation", boolean, later, "false",
     "reach other datacenters through gateways", no_mesh},
    {"connect.enable_serverless_plugin", boolean, later, "false",
     "serverless functions in the mesh", no_mesh},
    {"connect.enabled", boolean, later, "true", "turn the mesh on", no_mesh},
    {"connect.test_ca_leaf_root_change_spread", any, later, "", "for tests", no_mesh},
    {"default_intention_policy", text, later, "", "what is allowed where no intention speaks",
     no_mesh},
    {"enable_central_service_config", boolean, later, "true",
     "defaults of services from configuration entries", no_mesh},
    {"peering.enabled", boolean, later, "true", "connect clusters with each other", no_mesh},
    {"peering.test_allow_peer_registrations", boolean, later, "false", "for tests", no_mesh},
    {"xds", any, later, "", "configuration of Envoy", no_mesh},
};

}  // namespace

std::span<const KeyEntry> mesh_keys() { return entries; }

}  // namespace conclave::cli
