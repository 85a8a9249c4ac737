#include "cli/config/address_templates.h"

#include <gtest/gtest.h>

#include "cli/config/load_config.h"

namespace conclave::cli {
namespace {

HostFacts host() {
  HostFacts facts{.name = "host", .interfaces = {}};
  for (const auto& [name, network, is_default] :
       {std::tuple("lo", "127.0.0.1/8", false), std::tuple("eth0", "10.0.0.5/24", true),
        std::tuple("eth1", "192.168.7.9/24", false)}) {
    facts.interfaces.push_back({.name = name,
                                .network = sockaddr::Network::parse(network).value(),
                                .up = true,
                                .loopback = std::string(name) == "lo",
                                .default_route = is_default});
  }
  return facts;
}

Result<AgentConfig> load(const std::string& hcl) {
  const std::vector<GivenFlag> flags = {{"data-dir", "/nowhere"}, {"hcl", hcl}};
  return load_agent_config(flags, host());
}

std::string error_of(const std::string& hcl) {
  const auto config = load(hcl);
  return config ? "no error" : config.error().message;
}

TEST(AddressTemplates, stand_for_addresses) {
  const auto config = load(R"(
    bind_addr      = "{{ GetPrivateIP }}"
    advertise_addr = "{{ GetInterfaceIP \"eth1\" }}"
    serf_lan       = "{{ . | include \"network\" \"10.0.0.0/8\" | attr \"address\" }}"
    client_addr    = "127.0.0.1 {{ GetPrivateIPs }}"
    retry_join     = ["10.0.0.6", "{{ GetInterfaceIPs \"eth\" }}"]
  )");
  ASSERT_TRUE(config.has_value()) << config.error().message;
  EXPECT_EQ(config->bind_addr, "10.0.0.5");
  EXPECT_EQ(config->advertise_addr, "192.168.7.9");
  EXPECT_EQ(config->serf_lan_addr, "10.0.0.5");
  EXPECT_EQ(config->http_addresses, (TextList{"127.0.0.1", "10.0.0.5", "192.168.7.9"}));
  EXPECT_EQ(config->retry_join, (TextList{"10.0.0.6", "10.0.0.5", "192.168.7.9"}));
}

TEST(AddressTemplates, work_in_flags_too) {
  const std::vector<GivenFlag> flags = {{"data-dir", "/nowhere"},
                                        {"bind", "{{ GetInterfaceIP `eth1` }}"}};
  const auto config = load_agent_config(flags, host());
  ASSERT_TRUE(config.has_value()) << config.error().message;
  EXPECT_EQ(config->bind_addr, "192.168.7.9");
}

TEST(AddressTemplates, errors_name_key_place_and_interfaces) {
  const std::string interfaces =
      "(interfaces of this machine: lo 127.0.0.1/8, eth0 10.0.0.5/24, eth1 192.168.7.9/24)";
  EXPECT_EQ(
      error_of("bind_addr = \"{{ GetPublicIP }}\""),
      "flag -hcl: bind_addr: template \"{{ GetPublicIP }}\": no addresses found " + interfaces);
  EXPECT_EQ(error_of("bind_addr = \"{{ GetPrivateIPs }}\""),
            "flag -hcl: bind_addr: template \"{{ GetPrivateIPs }}\": multiple addresses found: "
            "10.0.0.5 192.168.7.9 " +
                interfaces);
  EXPECT_NE(error_of("client_addr = \"{{ Get }}\"").find("character 4: function \"Get\""),
            std::string::npos);
  EXPECT_NE(error_of("bind_addr = \"x{{ GetPrivateIP }}\"").find("is not an IP address"),
            std::string::npos);
}

TEST(AddressTemplates, every_address_key_is_a_text) {
  for (const AddressKey& key : address_keys()) {
    const KeyRule* rule = find_key_rule(key.path);
    ASSERT_NE(rule, nullptr) << key.path;
    EXPECT_EQ(rule->type, KeyType::text) << key.path;
  }
}

}  // namespace
}  // namespace conclave::cli
