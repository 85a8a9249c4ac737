#include "cli/config/load_config.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace conclave::cli {
namespace {

namespace fs = std::filesystem;

class Config : public testing::Test {
 protected:
  Config()
      : directory_(fs::temp_directory_path() / ("conclave-config-" + std::to_string(getpid()))) {
    fs::create_directories(directory_);
  }
  ~Config() override { fs::remove_all(directory_); }

  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(directory_ / name) << text;
    return (directory_ / name).string();
  }

  /// A server whose one file holds `text`, and more flags.
  Result<AgentConfig> load(const std::string& text, std::vector<GivenFlag> flags = {}) const {
    flags.insert(flags.begin(), {"config-file", write("main.json", text)});
    flags.push_back({"data-dir", "/nowhere"});
    return load_agent_config(flags, {.name = "host", .interfaces = {}});
  }

  std::string error_of(const std::string& text, std::vector<GivenFlag> flags = {}) const {
    auto config = load(text, std::move(flags));
    return config ? "no error" : config.error().message;
  }

  const fs::path directory_;
};

TEST_F(Config, defaults_are_consuls) {
  auto config = load("{}");
  ASSERT_TRUE(config.has_value()) << config.error().message;
  EXPECT_EQ(config->datacenter, "dc1");
  EXPECT_EQ(config->node_name, "host");
  EXPECT_EQ(config->ports.http, 8500);
  EXPECT_EQ(config->http_addresses, TextList{"127.0.0.1"});
  EXPECT_EQ(config->max_query_time, std::chrono::minutes(10));
  EXPECT_EQ(config->http_max_conns_per_client, 200);
  EXPECT_TRUE(config->leave_on_terminate);  // not a server
  EXPECT_FALSE(config->skip_leave_on_interrupt);
}

TEST_F(Config, dev_is_a_complete_server) {
  auto config = load_agent_config(std::vector<GivenFlag>{{"dev", "true"}},
                                  {.name = "host", .interfaces = {}});
  ASSERT_TRUE(config.has_value()) << config.error().message;
  EXPECT_TRUE(config->server);
  EXPECT_TRUE(config->bootstrap);
  EXPECT_EQ(config->bind_addr, "127.0.0.1");
  EXPECT_EQ(config->log_level, "debug");
  EXPECT_TRUE(config->skip_leave_on_interrupt);
}

TEST_F(Config, flags_win_over_files_and_later_files_over_earlier) {
  const std::string second = write("second.json", R"({"datacenter":"two","node_meta":{"b":"2"}})");
  auto config = load(R"({"datacenter":"one","node_name":"n","node_meta":{"a":"1","b":"1"},
                         "ports":{"http":1234}})",
                     {{"config-file", second}, {"http-port", "4321"}, {"node-meta", "c:x:y"}});
  ASSERT_TRUE(config.has_value()) << config.error().message;
  EXPECT_EQ(config->datacenter, "two");
  EXPECT_EQ(config->node_name, "n");
  EXPECT_EQ(config->ports.http, 4321);
  EXPECT_EQ(config->node_meta, (TextMap{{"a", "1"}, {"b", "2"}, {"c", "x:y"}}));
}

TEST_F(Config, a_directory_is_read_in_the_order_of_names_without_other_files) {
  fs::create_directories(directory_ / "d" / "below");
  std::ofstream(directory_ / "d" / "b.json") << R"({"datacenter":"from-b"})";
  std::ofstream(directory_ / "d" / "a.json") << R"({"datacenter":"from-a","node_name":"a"})";
  std::ofstream(directory_ / "d" / "notes.txt") << "not configuration";
  std::ofstream(directory_ / "d" / "below" / "z.json") << "{";
  auto config = load("{}", {{"config-dir", (directory_ / "d").string()}});
  ASSERT_TRUE(config.has_value()) << config.error().message;
  EXPECT_EQ(config->datacenter, "from-b");
  EXPECT_EQ(config->node_name, "a");
}

TEST_F(Config, the_official_test_harness_file_is_accepted) {
  auto config = load(R"({"node_name":"node-d30c","node_id":"d30cf0d6-4b5e-4b5f-9a5a-3f6ab6f0f0f0",
    "performance":{"raft_multiplier":1},"bootstrap":true,"server":true,"data_dir":"/tmp/x/data",
    "segments":null,"disable_update_check":true,"log_level":"debug","bind_addr":"127.0.0.1",
    "addresses":{},"ports":{"dns":1,"http":2,"https":3,"serf_lan":4,"serf_wan":5,"server":6,
    "grpc":7,"grpc_tls":8},"acl":{"tokens":{}},"connect":{"enabled":true,"ca_config":
    {"cluster_id":"11111111-2222-3333-4444-555555555555"}},"peering":{"enabled":true},
    "skip_leave_on_interrupt":true,"primary_datacenter":"dc1","enable_script_checks":true,
    "raft_protocol":3,"enable_debug":true,"verify_incoming":false,"encrypt":"",
    "acl":{"enabled":false}})");
  ASSERT_TRUE(config.has_value()) << config.error().message;
  EXPECT_TRUE(config->bootstrap);
  EXPECT_EQ(config->raft_multiplier, 1);
  EXPECT_EQ(config->ports.http, 2);
  EXPECT_EQ(config->data_dir, "/nowhere");
}

TEST_F(Config, service_and_check_files_in_both_spellings) {
  auto config = load(R"({"service":{"name":"web","port":80,"tagged_addresses":{"lan":{"address":
    "10.0.0.1","port":8}},"enable_tag_override":true,"connect":{"native":true},
    "check":{"http":"http://localhost/","interval":"10s","tls_skip_verify":true}},
    "services":[{"id":"db1","name":"db"},{"Name":"cache","EnableTagOverride":true}],
    "check":{"id":"mem","name":"memory","args":["/bin/mem"],"interval":"5s"},
    "checks":[{"name":"db alive","service_id":"db1","tcp":"localhost:5432","interval":"1s"}]})");
  ASSERT_TRUE(config.has_value()) << config.error().message;
  ASSERT_EQ(config->services.size(), 3u);
  EXPECT_EQ(config->services[0].tagged_addresses.at("lan").port, 8);
  ASSERT_TRUE(config->services[0].check.has_value());
  EXPECT_TRUE(config->services[0].check->tls_skip_verify);
  ASSERT_EQ(config->checks.size(), 2u);
  EXPECT_EQ(config->checks[0].args, std::vector<std::string>{"/bin/mem"});
}

struct Bad {
  std::string_view text;
  std::string_view sentence;
};

TEST_F(Config, every_mistake_is_named_in_one_sentence) {
  const Bad cases[] = {
      {R"({"data_dri":"x"})", "invalid config key data_dri (the nearest known key is data_dir)"},
      {R"({"ports":{"htpp":1}})",
       "invalid config key ports.htpp (the nearest known key is ports.http)"},
      {R"({"service":{"name":"a","prot":1}})",
       "invalid config key service.prot (the nearest known key is service.port)"},
      {R"({"service":{"name":"a","check":{"intervall":"1s"}}})",
       "invalid config key service.check.intervall"},
      {R"({"service":{"port":1}})", "service.name is missing"},
      {R"({"check":{"ttl":"1s"}})", "check.name is missing"},
      {R"({"check":{"name":"c","service_id":"nope","ttl":"1s"}})", "names no service"},
      {R"({"ports":{"http":"abc"}})", "ports.http must be a whole number, not \"abc\""},
      {R"({"ports":{"http":70000}})", "ports.http must be a port"},
      {R"({"server":"perhaps"})", "server must be true or false"},
      {R"({"bind_addr":"localhost"})", "\"localhost\" is not an IP address"},
      {R"({"advertise_addr":"0.0.0.0"})", "advertise_addr cannot be 0.0.0.0"},
      {R"({"node_name":""})", "a node name has 1 to 255"},
      {R"({"node_id":"x"})", "is not a valid UUID"},
      {R"({"datacenter":"a b"})", "datacenter can be"},
      {R"({"log_level":"loud"})", "is not one of trace"},
      {R"({"performance":{"raft_multiplier":11}})", "must be 1 to 10, not 11"},
      {R"({"max_query_time":"ten"})", "time: invalid duration \"ten\""},
      {R"({"storage":{"sync":"never"}})", "must be \"checkpoint\" or \"full\""},
      {R"({"storage":{"quota_bytes":1000}})", "must be 0 (none) or at least 67108864, not 1000"},
      {R"({"bootstrap":true})", "'bootstrap = true' requires 'server = true'"},
      {R"({"bootstrap_expect":3})", "'bootstrap_expect > 0' requires 'server = true'"},
      {R"({"server":true,"bootstrap":true,"bootstrap_expect":3})", "mutually exclusive"},
      {R"({"server":true,"bootstrap_expect":-1})", "bootstrap_expect cannot be negative"},
      {R"({"server":true,"bootstrap_expect":99})", "bootstrap_expect must be at most 64"},
      {R"({"retry_join":["provider=aws tag_key=x"]})", "finding servers through a cloud"},
      {R"({"start_join":["provider=aws tag_key=x"]})", "start_join"},
      {R"({"retry_max":-1})", "retry_max must be 0 to"},
      {R"({"reconnect_timeout":"1h"})", "reconnect_timeout must be at least 8h0m0s"},
      {R"({"autopilot":{"min_quorum":-1}})", "autopilot.min_quorum must not be negative"},
      {R"({"autopilot":{"last_contact_threshold":"-1s"}})", "must not be negative"},
      {R"({"encrypt":"c2hvcnQ="})", "encrypt has invalid key: it must be 16, 24 or 32 bytes"},
      {R"({"encrypt":"not base64"})", "encrypt has invalid key"},
      {R"({"serf_lan":"localhost"})", "\"localhost\" is not an IP address"},
      {R"({"acl":{"enabled":true}})", "acl.enabled is not supported yet"},
      {R"({"tls":{"https":{"cert_file":"/x.pem"}}})", "tls.https.cert_file is not supported yet"},
      {R"({"verify_incoming":true})", "verify_incoming is not supported yet"},
      {R"({"node_meta":{"consul-x":"1"}})", "reserved for internal use"},
      {"{\n\"server\": true,\n}", "main.json:3:1: not valid JSON"},
      {R"([1])", "must hold one JSON object"},
  };
  for (const Bad& one : cases) {
    const std::string message = error_of(std::string(one.text));
    EXPECT_NE(message.find(one.sentence), message.npos) << one.text << "\n -> " << message;
    EXPECT_EQ(message.find('\n'), message.npos) << message;
  }
}

TEST_F(Config, an_error_names_the_file_or_the_flag) {
  EXPECT_NE(error_of(R"({"colour":1})").find("main.json: "), std::string::npos);
  EXPECT_NE(error_of("{}", {{"http-port", "x"}}).find("flag -http-port: "), std::string::npos);
}

TEST_F(Config, cluster_settings_are_read) {
  const auto loaded = load(R"({"server":true,"bootstrap_expect":3,
      "retry_join":["10.0.0.1","host:99"],"start_join":["[::1]"],"retry_interval":"5s",
      "retry_max":4,"rejoin_after_leave":true,"reconnect_timeout":"9h","serf_lan":"127.0.0.2",
      "encrypt":"MDEyMzQ1Njc4OWFiY2RlZg==",
      "autopilot":{"cleanup_dead_servers":false,"last_contact_threshold":"1s",
        "max_trailing_logs":7,"min_quorum":3,"server_stabilization_time":"2s"}})");
  ASSERT_TRUE(loaded.has_value()) << loaded.error().message;
  const AgentConfig& config = *loaded;
  EXPECT_EQ(config.bootstrap_expect, 3);
  EXPECT_FALSE(config.bootstrap);
  EXPECT_EQ(config.retry_join, (TextList{"10.0.0.1", "host:99"}));
  EXPECT_EQ(config.start_join, TextList{"[::1]"});
  EXPECT_EQ(config.retry_interval, std::chrono::seconds(5));
  EXPECT_EQ(config.retry_max, 4);
  EXPECT_TRUE(config.rejoin_after_leave);
  EXPECT_EQ(config.reconnect_timeout, std::chrono::hours(9));
  EXPECT_EQ(config.serf_lan_addr, "127.0.0.2");
  EXPECT_EQ(config.encrypt, "0123456789abcdef");
  EXPECT_FALSE(config.autopilot.cleanup_dead_servers);
  EXPECT_EQ(config.autopilot.last_contact_threshold, std::chrono::seconds(1));
  EXPECT_EQ(config.autopilot.max_trailing_logs, 7u);
  EXPECT_EQ(config.autopilot.min_quorum, 3u);
  EXPECT_EQ(config.autopilot.server_stabilization_time, std::chrono::seconds(2));
  EXPECT_TRUE(config.warnings.empty());
}

TEST_F(Config, expecting_an_even_number_or_one_is_remarked_on) {
  EXPECT_EQ(load(R"({"server":true,"bootstrap_expect":4})")->warnings.size(), 1u);
  EXPECT_EQ(load(R"({"server":true,"bootstrap_expect":2})")->warnings.size(), 1u);
  const AgentConfig one = *load(R"({"server":true,"bootstrap_expect":1})");
  EXPECT_TRUE(one.bootstrap);
  EXPECT_EQ(one.bootstrap_expect, 0);
  EXPECT_EQ(one.warnings.size(), 1u);
}

TEST_F(Config, a_missing_data_directory_setting_is_an_error_unless_dev) {
  auto config = load_agent_config(std::vector<GivenFlag>{{"server", "true"}},
                                  {.name = "host", .interfaces = {}});
  ASSERT_FALSE(config.has_value());
  EXPECT_NE(config.error().message.find("data_dir cannot be empty"), std::string::npos);
}

TEST_F(Config, settings_without_effect_are_warned_of_once_each) {
  auto config = load(R"({"serf_wan":"10.0.0.1","enable_syslog":true,"log_file":""})");
  ASSERT_TRUE(config.has_value()) << config.error().message;
  ASSERT_EQ(config->warnings.size(), 2u);
  EXPECT_NE(config->warnings[0].find("enable_syslog has no effect: "), std::string::npos);
}

TEST_F(Config, client_addr_is_a_list_and_addresses_http_may_be_a_socket) {
  auto config = load(R"({"client_addr":"127.0.0.1 ::1"})");
  ASSERT_TRUE(config.has_value()) << config.error().message;
  EXPECT_EQ(config->http_addresses, (TextList{"127.0.0.1", "::1"}));
  config = load(R"({"addresses":{"http":"unix:///tmp/x.sock"}})");
  ASSERT_TRUE(config.has_value()) << config.error().message;
  EXPECT_EQ(config->http_addresses, TextList{"unix:///tmp/x.sock"});
}

}  // namespace
}  // namespace conclave::cli
