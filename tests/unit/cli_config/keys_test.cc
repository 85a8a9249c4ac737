#include "cli/config/keys.h"

#include <gtest/gtest.h>

#include "cli/config/agent_flags.h"

namespace conclave::cli {
namespace {

struct Nearest {
  std::string_view typed;
  std::string_view meant;
};

TEST(Keys, an_unknown_key_is_answered_with_the_nearest_known_one) {
  const Nearest cases[] = {
      {"data_dri", "data_dir"},
      {"datacentre", "datacenter"},
      {"ports.htp", "ports.http"},

      {"portz", "ports"},
      {"acl.enable", "acl.enabled"},
      {"raft_multiplier", "performance.raft_multiplier"},
      {"storage.quota", "storage.quota_bytes"},
  };
  for (const Nearest& one : cases) EXPECT_EQ(nearest_key(one.typed), one.meant) << one.typed;
}

TEST(Keys, edit_distance_counts_inserted_deleted_and_changed_letters) {
  EXPECT_EQ(edit_distance("", "abc"), 3u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
  EXPECT_EQ(edit_distance("same", "same"), 0u);
}

TEST(Keys, a_refused_or_late_key_says_why) {
  for (const KeyRule& rule : key_rules()) {
    const bool speaks = rule.key_class == KeyClass::refused || rule.key_class == KeyClass::later;
    EXPECT_EQ(speaks, !rule.why.empty()) << rule.path;
  }
}

TEST(Keys, security_settings_are_never_ignored) {
  for (std::string_view path :
       {"verify_incoming", "verify_outgoing", "verify_server_hostname", "ca_file", "cert_file",
        "key_file", "tls.defaults.ca_file", "tls.https.cert_file",
        "tls.internal_rpc.verify_server_hostname", "auto_encrypt.tls", "acl.enabled"}) {
    ASSERT_NE(find_key_rule(path), nullptr) << path;
    EXPECT_EQ(find_key_rule(path)->key_class, KeyClass::refused) << path;
  }
  EXPECT_EQ(find_key_rule("encrypt")->key_class, KeyClass::implemented);
}

TEST(Keys, every_flag_stands_for_a_known_key) {
  for (const AgentFlag& flag : agent_flags()) {
    if (flag.path.empty()) continue;
    ASSERT_NE(find_key_rule(flag.path), nullptr) << flag.name;
    const bool is_boolean = find_key_rule(flag.path)->type == KeyType::boolean;
    EXPECT_EQ(is_boolean, flag.kind == AgentFlagKind::toggle) << flag.name;
  }
}

TEST(Keys, the_contracts_flags_are_all_known) {
  for (std::string_view name : {"advertise",
                                "bind",
                                "bootstrap",
                                "bootstrap-expect",
                                "client",
                                "config-dir",
                                "config-file",
                                "data-dir",
                                "datacenter",
                                "dev",
                                "dns-port",
                                "encrypt",
                                "http-port",
                                "join",
                                "log-level",
                                "node",
                                "node-id",
                                "node-meta",
                                "pid-file",
                                "retry-join",
                                "serf-lan-port",
                                "server",
                                "server-port",
                                "syslog",
                                "ui",
                                "ui-content-path",
                                "hcl",
                                "check_output_max_size"}) {
    EXPECT_NE(find_agent_flag(name), nullptr) << name;
  }
}

}  // namespace
}  // namespace conclave::cli
