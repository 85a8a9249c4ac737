#include "cli/config/key_tables.h"

/// Access control and TLS: one entry per key, in the order of the paths.

namespace conclave::cli {
namespace {

using enum KeyClass;
using enum KeyType;

constexpr std::string_view acl_off = "access control comes later";
constexpr std::string_view no_acl = "access control comes later; remove it to run without";
constexpr std::string_view tokens_guard_nothing =
    "access control comes later, tokens guard nothing";
constexpr std::string_view enterprise = "it belongs to Consul Enterprise";
constexpr std::string_view no_auto_config = "automatic configuration is out of scope; remove it";
constexpr std::string_view no_auto_encrypt =
    "certificates from the servers come later; remove it to run without";
constexpr std::string_view no_tls = "TLS comes later; remove it to run without";
constexpr std::string_view tls_off = "TLS comes later";

constexpr KeyEntry entries[] = {
    {"acl.default_policy", text, later, "\"allow\"", "what is allowed where no rule speaks",
     acl_off},
    {"acl.disabled_ttl", duration, later, "",
     "how long servers without access control are not asked again", acl_off},
    {"acl.down_policy", text, later, "\"extend-cache\"", "what is allowed while no server answers",
     acl_off},
    {"acl.enable_key_list_policy", boolean, later, "false", "listing keys needs the list rule",
     acl_off},
    {"acl.enable_token_persistence", boolean, later, "false", "keep tokens set over HTTP", acl_off},
    {"acl.enable_token_replication", boolean, later, "false",
     "copy tokens from the primary datacenter", acl_off},
    {"acl.enabled", boolean, refused, "false", "turn access control on", no_acl},
    {"acl.msp_disable_bootstrap", boolean, later, "false", "no bootstrap endpoint", acl_off},
    {"acl.policy_ttl", duration, later, "\"30s\"", "age of cached policies", acl_off},
    {"acl.role_ttl", duration, later, "\"0s\"", "age of cached roles", acl_off},
    {"acl.token_replication", boolean, later, "false", "old name of enable_token_replication",
     acl_off},
    {"acl.token_ttl", duration, later, "\"30s\"", "age of cached tokens", acl_off},
    {"acl.tokens.agent", text, later, "", "token of the agent's own requests",
     tokens_guard_nothing},
    {"acl.tokens.agent_master", text, later, "", "old name of agent_recovery",
     tokens_guard_nothing},
    {"acl.tokens.agent_recovery", text, later, "",
     "token for the agent's endpoints without servers", tokens_guard_nothing},
    {"acl.tokens.config_file_service_registration", text, later, "", "token for services of files",
     tokens_guard_nothing},
    {"acl.tokens.default", text, later, "", "token of requests that bring none",
     tokens_guard_nothing},
    {"acl.tokens.dns", text, later, "", "token of DNS", tokens_guard_nothing},
    {"acl.tokens.initial_management", text, later, "", "first token of a new cluster",
     tokens_guard_nothing},
    {"acl.tokens.managed_service_provider", any, later, "", "tokens of a provider",
     tokens_guard_nothing},
    {"acl.tokens.master", text, later, "", "old name of initial_management", tokens_guard_nothing},
    {"acl.tokens.replication", text, later, "", "token for copying from the primary datacenter",
     tokens_guard_nothing},
    {"acl_agent_master_token", text, later, "", "old name of acl.tokens.agent_recovery",
     tokens_guard_nothing},
    {"acl_agent_token", text, later, "", "old name of acl.tokens.agent", tokens_guard_nothing},
    {"acl_datacenter", text, refused, "",
     "turns access control on, with this datacenter as the primary one", no_acl},
    {"acl_default_policy", text, later, "\"allow\"", "old name of acl.default_policy", acl_off},
    {"acl_disabled_ttl", duration, later, "", "old name of acl.disabled_ttl", acl_off},
    {"acl_down_policy", text, later, "\"extend-cache\"", "old name of acl.down_policy", acl_off},
    {"acl_enable_key_list_policy", boolean, later, "false",
     "old name of acl.enable_key_list_policy", acl_off},
    {"acl_enforce_version_8", boolean, later, "true", "rules of version 0.8", acl_off},
    {"acl_master_token", text, later, "", "old name of acl.tokens.initial_management",
     tokens_guard_nothing},
    {"acl_replication_token", text, later, "", "old name of acl.tokens.replication",
     tokens_guard_nothing},
    {"acl_token", text, later, "", "old name of acl.tokens.default", tokens_guard_nothing},
    {"acl_ttl", duration, later, "\"30s\"", "old name of acl.token_ttl", acl_off},
    {"audit", any, later, "", "audit log", enterprise},
    {"auto_config.authorization.enabled", boolean, refused, "false",
     "let agents configure themselves from here", no_auto_config},
    {"auto_config.authorization.static", any, later, "", "whom to believe", no_auto_config},
    {"auto_config.dns_san", text_list, later, "", "names in the certificate", no_auto_config},
    {"auto_config.dns_sans", text_list, later, "", "names in the certificate", no_auto_config},
    {"auto_config.enabled", boolean, refused, "false", "take the configuration from a server",
     no_auto_config},
    {"auto_config.intro_token", text, later, "", "token for that", no_auto_config},
    {"auto_config.intro_token_file", text, later, "", "file with that token", no_auto_config},
    {"auto_config.ip_san", text_list, later, "", "addresses in the certificate", no_auto_config},
    {"auto_config.ip_sans", text_list, later, "", "addresses in the certificate", no_auto_config},
    {"auto_config.server_addresses", text_list, later, "", "servers to ask", no_auto_config},
    {"auto_encrypt.allow_tls", boolean, refused, "false", "give certificates to agents",
     no_auto_encrypt},
    {"auto_encrypt.dns_san", text_list, later, "", "names in the certificate", no_auto_encrypt},
    {"auto_encrypt.ip_san", text_list, later, "", "addresses in the certificate", no_auto_encrypt},
    {"auto_encrypt.tls", boolean, refused, "false", "take a certificate from a server",
     no_auto_encrypt},
    {"ca_file", text, refused, "", "certificates of whom to trust", no_tls},
    {"ca_path", text, refused, "", "directory of such files", no_tls},
    {"cert_file", text, refused, "", "certificate of this agent", no_tls},
    {"enable_acl_replication", boolean, later, "false",
     "copy access rules from the primary datacenter", acl_off},
    {"key_file", text, refused, "", "its private key", no_tls},
    {"server_name", text, later, "", "name in the certificate", tls_off},
    {"tls_cipher_suites", text, later, "", "cipher suites", tls_off},
    {"tls_min_version", text, later, "\"TLSv1_2\"", "oldest version of TLS", tls_off},
    {"tls_prefer_server_cipher_suites", boolean, later, "false",
     "the server's order of cipher suites", tls_off},
    {"verify_incoming", boolean, refused, "false", "ask everybody for a certificate", no_tls},
    {"verify_incoming_https", boolean, refused, "false", "ask clients of HTTPS for a certificate",
     no_tls},
    {"verify_incoming_rpc", boolean, refused, "false", "ask nodes for a certificate", no_tls},
    {"verify_outgoing", boolean, refused, "false", "look at the certificates of servers", no_tls},
    {"verify_server_hostname", boolean, refused, "false", "look at the names in them", no_tls},
};

}  // namespace

std::span<const KeyEntry> security_keys() { return entries; }

}  // namespace conclave::cli
