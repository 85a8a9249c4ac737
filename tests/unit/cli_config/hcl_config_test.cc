// Configuration in HCL: the same as in JSON, key by key. Oracle: contract 16.1 and 16.3, and the
// examples of Consul's configuration reference.

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "cli/config/load_config.h"

namespace conclave::cli {
namespace {

namespace fs = std::filesystem;

class HclConfig : public testing::Test {
 protected:
  HclConfig()
      : directory_(fs::temp_directory_path() / ("conclave-hcl-" + std::to_string(getpid()))) {
    fs::create_directories(directory_);
  }
  ~HclConfig() override { fs::remove_all(directory_); }

  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(directory_ / name) << text;
    return (directory_ / name).string();
  }

  Result<AgentConfig> load(std::vector<GivenFlag> flags) const {
    flags.push_back({"data-dir", "/nowhere"});
    return load_agent_config(flags, {.name = "host", .interfaces = {}});
  }
  Result<AgentConfig> load_text(const std::string& text) const {
    return load({{"config-file", write("main.hcl", text)}});
  }
  std::string error_of(std::vector<GivenFlag> flags) const {
    auto config = load(std::move(flags));
    return config ? "no error" : config.error().message;
  }

  const fs::path directory_;
};

TEST_F(HclConfig, a_server_as_people_write_it) {
  const auto config = load_text(R"(
# Server of the shop
datacenter = "Shop-1"
server     = true
bootstrap_expect = 3
retry_join = ["10.0.0.1", "10.0.0.2"]
bind_addr  = "10.0.0.3" // this one

ports {
  http = 8501
  dns  = -1
}
performance { raft_multiplier = 1 }
node_meta = { rack = "r1", "zone" = "a" }
http_config {
  response_headers {
    "Access-Control-Allow-Origin" = "*"
  }
  block_endpoints = ["/v1/kv"]
}
limits { http_max_conns_per_client = 1000 }
unix_sockets { mode = "0660" }
connect { enabled = true }
)");
  ASSERT_TRUE(config.has_value()) << config.error().message;
  EXPECT_EQ(config->datacenter, "shop-1");
  EXPECT_TRUE(config->server);
  EXPECT_EQ(config->bootstrap_expect, 3);
  EXPECT_EQ(config->retry_join, (TextList{"10.0.0.1", "10.0.0.2"}));
  EXPECT_EQ(config->ports.http, 8501);
  EXPECT_EQ(config->raft_multiplier, 1);
  EXPECT_EQ(config->node_meta, (TextMap{{"rack", "r1"}, {"zone", "a"}}));
  EXPECT_EQ(config->response_headers, (TextMap{{"Access-Control-Allow-Origin", "*"}}));
  EXPECT_EQ(config->block_endpoints, TextList{"/v1/kv"});
  EXPECT_EQ(config->http_max_conns_per_client, 1000);
  EXPECT_EQ(config->unix_sockets.mode, "0660");
}

TEST_F(HclConfig, services_and_checks) {
  const auto config = load_text(R"(
service {
  name = "web"
  id   = "web1"
  port = 80
  tags = ["a", "b"]
  meta { version = "1" }
  tagged_addresses {
    lan { address = "10.0.0.1", port = 8 }
    wan = { address = "1.2.3.4" }
  }
  weights { passing = 5 }
  check {
    id       = "alive"
    http     = "http://localhost/"
    header   = { Host = ["x", "y"] }
    interval = "10s"
  }
  connect { sidecar_service {} }
}
services {
  name = "db"
  checks = [{ tcp = "localhost:5432", interval = "1s" }, { ttl = "30s" }]
}
services {
  name = "cache"
  checks { ttl = "5s" }
}
check {
  name = "memory"
  args = ["/bin/mem", "-limit"]
  interval = "5s"
}
checks = [{ name = "web too", service_id = "web1", ttl = "1m" }]
)");
  ASSERT_TRUE(config.has_value()) << config.error().message;
  ASSERT_EQ(config->services.size(), 3u);
  const api::ServiceDefinition& web = config->services[0];
  EXPECT_EQ(web.id, "web1");
  EXPECT_EQ(web.tags, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(web.meta.at("version"), "1");
  EXPECT_EQ(web.tagged_addresses.at("lan").port, 8);
  EXPECT_EQ(web.tagged_addresses.at("wan").address, "1.2.3.4");
  ASSERT_TRUE(web.check.has_value());
  EXPECT_EQ(web.check->http, "http://localhost/");
  EXPECT_EQ(web.check->header.at("Host"), (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(config->services[1].name, "db");
  EXPECT_EQ(config->services[1].checks.size(), 2u);
  EXPECT_EQ(config->services[2].checks.size(), 1u);
  ASSERT_EQ(config->checks.size(), 2u);
  EXPECT_EQ(config->checks[0].args, (std::vector<std::string>{"/bin/mem", "-limit"}));
  EXPECT_EQ(config->checks[1].service_id, "web1");
}

TEST_F(HclConfig, checks_of_every_kind) {
  const auto config = load_text(R"(
check_redirects_same_host = true
service {
  name = "web"
  checks = [
    { udp = "h:1", interval = "1s" },
    { grpc = "h:1/web", grpc_use_tls = true, tls_server_name = "n", interval = "1s" },
    { h2ping = "h:1", h2ping_use_tls = false, tls_skip_verify = true, interval = "1s" },
    { docker_container_id = "f972c95e", args = ["/bin/true"], interval = "1s" },
    { os_service = "cron", interval = "1s", failures_before_critical = 3 },
    { http = "http://h/", disable_redirects = true, interval = "1s" },
  ]
})");
  ASSERT_TRUE(config.has_value()) << config.error().message;
  EXPECT_TRUE(config->check_redirects_same_host);
  const auto& checks = config->services.at(0).checks;
  ASSERT_EQ(checks.size(), 6u);
  EXPECT_EQ(checks[0].udp, "h:1");
  EXPECT_EQ(checks[1].grpc, "h:1/web");
  EXPECT_TRUE(checks[1].grpc_use_tls);
  EXPECT_EQ(checks[1].tls_server_name, "n");
  EXPECT_EQ(checks[2].h2ping, "h:1");
  EXPECT_EQ(checks[2].h2ping_use_tls, false);
  EXPECT_TRUE(checks[2].tls_skip_verify);
  EXPECT_EQ(checks[3].docker_container_id, "f972c95e");
  EXPECT_EQ(checks[4].os_service, "cron");
  EXPECT_EQ(checks[4].failures_before_critical, 3);
  EXPECT_TRUE(checks[5].disable_redirects);
}

TEST_F(HclConfig, directories_mix_both_in_the_order_of_names_without_those_below) {
  fs::create_directories(directory_ / "d" / "below");
  std::ofstream(directory_ / "d" / "a.hcl") << "datacenter = \"a\"\nnode_name = \"a\"";
  std::ofstream(directory_ / "d" / "b.json") << R"({"datacenter":"b","retry_join":["x"]})";
  std::ofstream(directory_ / "d" / "c.hcl") << "retry_join = [\"y\"]\nserver = true";
  std::ofstream(directory_ / "d" / "d.txt") << "not configuration";
  std::ofstream(directory_ / "d" / "below" / "z.hcl") << "{";
  const auto config =
      load({{"config-dir", (directory_ / "d").string()}, {"hcl", "server = false"}});
  ASSERT_TRUE(config.has_value()) << config.error().message;
  EXPECT_EQ(config->datacenter, "b");
  EXPECT_EQ(config->node_name, "a");
  EXPECT_EQ(config->retry_join, (TextList{"x", "y"}));
  EXPECT_FALSE(config->server);
}

TEST_F(HclConfig, the_format_can_be_forced_whatever_the_ending) {
  const std::string file = write("settings.conf", "datacenter = \"hcl\"");
  EXPECT_EQ(load({{"config-file", file}, {"config-format", "hcl"}})->datacenter, "hcl");
  EXPECT_EQ(load({{"config-file", file}})->datacenter, "hcl");
  EXPECT_NE(error_of({{"config-file", file}, {"config-format", "json"}}).find("not valid JSON"),
            std::string::npos);
  fs::create_directories(directory_ / "e");
  std::ofstream(directory_ / "e" / "plain") << "datacenter = \"plain\"";
  const GivenFlag dir = {"config-dir", (directory_ / "e").string()};
  EXPECT_EQ(load({dir})->datacenter, "dc1");
  EXPECT_EQ(load({dir, {"config-format", "hcl"}})->datacenter, "plain");
  EXPECT_EQ(error_of({{"config-format", "toml"}}),
            "-config-format must be hcl or json, not \"toml\"");
}

TEST_F(HclConfig, pieces_on_the_command_line_are_hcl_or_json) {
  const auto config = load({{"hcl", "ports { http = 1 }"}, {"hcl", R"({"ports":{"server":2}})"}});
  ASSERT_TRUE(config.has_value()) << config.error().message;
  EXPECT_EQ(config->ports.http, 1);
  EXPECT_EQ(config->ports.server, 2);
}

TEST_F(HclConfig, errors_name_file_line_and_column_or_the_key) {
  struct Example {
    std::string_view text;
    std::string_view part;
  };
  for (const Example& example : std::initializer_list<Example>{
           {"server = true\nports {\n  http = \n}", "main.hcl:4:1: expected a value, found '}'"},
           {"data_dri = 1", "main.hcl: invalid config key data_dri (the nearest known key is"},
           {"ports { htpp = 1 }", "invalid config key ports.htpp"},
           {"ports { http = 1 }\nports { dns = 2 }", "ports must be an object, not ["},
           {"service { name = \"a\" prot = 1 }", "invalid config key service.prot"},
           {"service { name = \"a\" check { intervall = \"1s\" } }",
            "invalid config key service.check.intervall"},
           {"service { name = \"a\" checks { intervall = \"1s\" } }",
            "invalid config key service.checks.intervall"},
           {"service \"web\" { port = 1 }", "invalid config key service.web"},
       }) {
    const std::string message =
        error_of({{"config-file", write("main.hcl", std::string(example.text))}});
    EXPECT_NE(message.find(example.part), message.npos) << message;
  }
}

TEST_F(HclConfig, what_is_too_large_is_not_read) {
  const std::string file = write("large.hcl", std::string((16 << 20) + 1, ' '));
  EXPECT_NE(error_of({{"config-file", file}}).find("16777216 bytes are no configuration"),
            std::string::npos);
}

}  // namespace
}  // namespace conclave::cli
