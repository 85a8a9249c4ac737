#include "cli/run/options.h"

#include <gtest/gtest.h>

#include "cli/run/advertise.h"
#include "cli/run/debug_config.h"
#include "cli/run/surroundings.h"

namespace conclave::cli {
namespace {

AgentConfig some_config() {
  AgentConfig config;
  config.node_name = "n1";
  config.server = true;
  config.http_addresses = {"127.0.0.1"};
  return config;
}

const Identity identity = {"11111111-2222-3333-4444-555555555555", "10.0.0.1", "/data"};

TEST(Options, address_ranges_are_checked_before_they_guard_anything) {
  AgentConfig config = some_config();
  config.allow_write_http_from = {"10.0.0.0/8"};
  EXPECT_TRUE(router_options(config).has_value());
  config.allow_write_http_from = {"10.0.0.0/99"};
  EXPECT_FALSE(router_options(config).has_value());
}

TEST(Options, limits_go_where_they_are_obeyed) {
  AgentConfig config = some_config();
  config.http_max_conns_per_client = 7;
  config.rpc_max_conns_per_client = 0;
  config.kv_max_value_size = 1000;
  config.session_ttl_min = std::chrono::seconds(3);
  EXPECT_EQ(http_limits(config).connections_per_client_max, 7u);
  EXPECT_GT(listener_limits(config).connections_per_address_max, 1u << 20);
  EXPECT_EQ(server_settings(config).kv_value_bytes_max, 1000u);
  EXPECT_EQ(server_settings(config).session_ttl_min, std::chrono::seconds(3));
  EXPECT_EQ(store_options(config, identity).directory, "/data/state");
}

TEST(Options, the_node_has_tagged_addresses_and_meta) {
  AgentConfig config = some_config();
  config.tagged_addresses = {{"wan", "1.2.3.4"}};
  config.node_meta = {{"rack", "r1"}};
  const api::Node node = local_options(config, identity).node;
  EXPECT_EQ(node.tagged_addresses.at("lan_ipv4"), "10.0.0.1");
  EXPECT_EQ(node.tagged_addresses.at("wan"), "1.2.3.4");
  EXPECT_EQ(node.meta.at("rack"), "r1");
  EXPECT_EQ(node.meta.at("consul-network-segment"), "");
}

TEST(Options, dev_keeps_no_files_of_services) {
  AgentConfig config = some_config();
  EXPECT_EQ(local_options(config, identity).data_dir, "/data");
  config.dev = true;
  EXPECT_EQ(local_options(config, identity).data_dir, "");
}

TEST(Advertise, the_most_explicit_address_wins) {
  AgentConfig config = some_config();
  config.bind_addr = "10.1.1.1";
  EXPECT_EQ(advertised_address(config), "10.1.1.1");
  config.advertise_addr = "10.2.2.2";
  EXPECT_EQ(advertised_address(config), "10.2.2.2");
}

TEST(Advertise, bound_to_every_address_it_is_never_the_unspecified_one) {
  AgentConfig config = some_config();
  config.bind_addr = "0.0.0.0";
  const auto address = advertised_address(config);
  if (address) {
    EXPECT_NE(*address, "0.0.0.0");
  } else {
    EXPECT_NE(address.error().message.find("-advertise"), std::string::npos);
  }
}

TEST(DebugConfig, has_what_official_tests_read) {
  const api::JsonValue config = debug_config(some_config(), identity);
  const api::JsonValue* serf = config.find("SerfAdvertiseAddrLAN");
  ASSERT_NE(serf, nullptr);
  EXPECT_EQ(*serf->if_string(), "tcp://10.0.0.1:8301");
}

TEST(Banner, names_both_versions_and_where_it_listens) {
  const std::string text = banner(some_config(), identity, {"127.0.0.1:8500"});
  for (const char* part : {"Version: '1.20.0'", "Conclave: '", "Node name: 'n1'",
                           "Datacenter: 'dc1'", "HTTP on 127.0.0.1:8500"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part;
  }
}

TEST(HostPort, puts_brackets_around_ipv6) {
  EXPECT_EQ(join_host_port("10.0.0.1", 1), "10.0.0.1:1");
  EXPECT_EQ(join_host_port("::1", 2), "[::1]:2");
  EXPECT_EQ(join_host_port("[::1]", 3), "[::1]:3");
}

}  // namespace
}  // namespace conclave::cli
