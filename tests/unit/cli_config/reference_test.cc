// The table of keys, the loader and docs/configuration.md say the same. After a change of the table
// CONCLAVE_REWRITE_DOCS=1 lets the test write the document's tables; then look at `git diff`.

#include "tests/unit/cli_config/reference.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "cli/config/key_entry.h"
#include "cli/config/load_config.h"

namespace conclave::cli {
namespace {

namespace fs = std::filesystem;

const fs::path source_root = CONCLAVE_SOURCE_ROOT;

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

TEST(Reference, the_document_is_what_the_table_says) {
  const fs::path path = source_root / "docs" / "configuration.md";
  const std::string document = read_file(path);
  const std::string with_keys = with_section(document, "keys", render_keys());
  ASSERT_FALSE(with_keys.empty()) << "the marks of the table of keys are missing";
  const std::string expected = with_section(with_keys, "flags", render_flags());
  ASSERT_FALSE(expected.empty()) << "the marks of the table of flags are missing";
  if (std::getenv("CONCLAVE_REWRITE_DOCS") != nullptr) {
    std::ofstream(path, std::ios::binary) << expected;
    return;
  }
  EXPECT_TRUE(document == expected)
      << "docs/configuration.md differs from the tables in cli/config: run this program with "
         "CONCLAVE_REWRITE_DOCS=1";
}

TEST(Reference, every_key_is_explained_and_stands_once) {
  std::set<std::string_view> paths;
  for (const KeySubject& subject : key_subjects()) {
    EXPECT_FALSE(subject.title.empty());
    std::string_view previous;
    for (const KeyEntry& entry : subject.entries) {
      EXPECT_FALSE(entry.meaning.empty()) << entry.path;
      EXPECT_LT(previous, entry.path) << "not in order";
      EXPECT_TRUE(paths.insert(entry.path).second) << entry.path << " stands twice";
      previous = entry.path;
    }
  }
  EXPECT_EQ(paths.size(), key_rules().size());
}

/// The loader names the keys that it reads in quotes.
TEST(Reference, implemented_keys_are_those_that_the_loader_reads) {
  std::string loader;
  for (const char* file :
       {"agent_config.cc", "check_config.cc", "dns_config.cc", "address_templates.cc"}) {
    loader += read_file(source_root / "cli" / "config" / file);
  }
  ASSERT_FALSE(loader.empty());
  for (const KeySubject& subject : key_subjects()) {
    for (const KeyEntry& entry : subject.entries) {
      if (entry.key_class != KeyClass::implemented || entry.type == KeyType::definitions) continue;
      EXPECT_NE(loader.find("\"" + std::string(entry.path) + "\""), std::string::npos)
          << entry.path << " is called implemented, and nothing reads it";
    }
  }
}

/// What can differ from its default, as one text.
std::string summary(const AgentConfig& config) {
  std::string text;
  auto add = [&](const auto& value) {
    using Value = std::remove_cvref_t<decltype(value)>;
    if constexpr (std::same_as<Value, std::string>) {
      text += value;
    } else if constexpr (std::same_as<Value, Nanos>) {
      text += format_duration(value);
    } else {
      text += std::to_string(value);
    }
    text += '\n';
  };
  const auto& c = config;
  const auto fields = std::tie(
      c.server, c.bootstrap, c.bootstrap_expect, c.retry_interval, c.retry_max,
      c.rejoin_after_leave, c.reconnect_timeout, c.autopilot.cleanup_dead_servers,
      c.autopilot.last_contact_threshold, c.autopilot.max_trailing_logs, c.autopilot.min_quorum,
      c.autopilot.server_stabilization_time, c.datacenter, c.bind_addr, c.http_addresses.front(),
      c.ports.http, c.ports.server, c.ports.serf_lan, c.ports.serf_wan, c.log_level, c.log_json,
      c.enable_script_checks, c.enable_local_script_checks, c.discard_check_output,
      c.check_output_max_size, c.check_redirects_same_host, c.check_update_interval,
      c.raft_multiplier, c.rpc_hold_timeout, c.front_threads, c.session_ttl_min,
      c.default_query_time, c.max_query_time, c.kv_max_value_size, c.txn_max_req_len,
      c.http_max_conns_per_client, c.rpc_max_conns_per_client, c.http_max_header_bytes,
      c.filter_unprintable, c.prometheus_retention_time, c.storage_sync_full, c.quota_bytes,
      c.free_space_min_bytes);
  std::apply([&](const auto&... value) { (add(value), ...); }, fields);
  return text;
}

/// {"ports":{"http":8500}} for ports.http and 8500.
std::string nested(std::string_view path, std::string_view value) {
  const auto dot = path.find('.');
  const std::string name(path.substr(0, dot));
  return "{\"" + name + "\":" +
         (dot == std::string_view::npos ? std::string(value)
                                        : nested(path.substr(dot + 1), value)) +
         "}";
}

TEST(Reference, setting_a_key_to_its_default_changes_nothing) {
  const std::vector<GivenFlag> flags = {{"data-dir", "/nowhere"}};
  const auto plain = load_agent_config(flags, {.name = "host", .interfaces = {}});
  ASSERT_TRUE(plain.has_value()) << plain.error().message;
  for (const KeySubject& subject : key_subjects()) {
    for (const KeyEntry& entry : subject.entries) {
      if (entry.fallback.empty()) continue;
      std::vector<GivenFlag> with = flags;
      with.push_back({"hcl", nested(entry.path, entry.fallback)});
      const auto config = load_agent_config(with, {.name = "host", .interfaces = {}});
      ASSERT_TRUE(config.has_value()) << entry.path << ": " << config.error().message;
      EXPECT_EQ(summary(*config), summary(*plain)) << entry.path;
    }
  }
}

TEST(Reference, a_key_without_effect_says_so_and_one_that_is_so_says_nothing) {
  for (const KeySubject& subject : key_subjects()) {
    for (const KeyEntry& entry : subject.entries) {
      if (entry.type != KeyType::boolean) continue;
      const std::vector<GivenFlag> flags = {{"data-dir", "/nowhere"},
                                            {"hcl", nested(entry.path, "true")}};
      const auto config = load_agent_config(flags, {.name = "host", .interfaces = {}});
      const std::string path(entry.path);
      if (entry.key_class == KeyClass::refused) {
        ASSERT_FALSE(config.has_value()) << path;
        EXPECT_NE(config.error().message.find(path + " is not supported yet: "), std::string::npos);
      } else if (entry.key_class == KeyClass::later) {
        ASSERT_TRUE(config.has_value()) << path;
        ASSERT_EQ(config->warnings.size(), 1u) << path;
        EXPECT_EQ(config->warnings[0],
                  "flag -hcl: " + path + " has no effect: " + std::string(entry.why));
      } else if (entry.key_class == KeyClass::moot) {
        ASSERT_TRUE(config.has_value()) << path;
        EXPECT_TRUE(config->warnings.empty()) << path;
      }
    }
  }
}

}  // namespace
}  // namespace conclave::cli
