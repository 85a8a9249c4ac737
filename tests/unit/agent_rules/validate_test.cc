// Oracle: contract 6.1 and 7.1, whose texts clients match on.

#include "agent/rules/validate.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "agent/rules/definitions.h"

namespace conclave::agent {
namespace {

using namespace std::chrono_literals;

api::ServiceDefinition web() {
  api::ServiceDefinition service;
  service.name = "web";
  return service;
}

api::CheckDefinition http_check() {
  api::CheckDefinition check;
  check.name = "alive";
  check.http = "http://127.0.0.1/";
  check.interval = 10s;
  return check;
}

TEST(ValidateService, refuses_with_the_contracts_texts) {
  struct Case {
    std::function<void(api::ServiceDefinition&)> spoil;
    std::string text;
  };
  const std::vector<Case> cases = {
      {[](auto& s) { s.name = ""; }, "Missing service name"},
      {[](auto& s) { s.address = "0.0.0.0"; }, "Invalid service address"},
      {[](auto& s) { s.address = "::"; }, "Invalid service address"},
      {[](auto& s) { s.address = "[::]"; }, "Invalid service address"},
      {[](auto& s) { s.weights = {0, 1}; }, "Invalid Weights: Passing must be greater than 0"},
      {[](auto& s) { s.weights = {1, -1}; },
       "Invalid Weights: Warning must be greater or equal than 0"},
      {[](auto& s) { s.weights = {65536, 1}; },
       "Invalid Weights: DNS Weight must be between 0 and 65535"},
      {[](auto& s) { s.weights = {1, 65536}; },
       "Invalid Weights: DNS Weight must be between 0 and 65535"},
      {[](auto& s) { s.meta["consul-x"] = "1"; },
       "Invalid Service Meta: Couldn't load metadata pair ('consul-x', '1'): Key prefix "
       "'consul-' is reserved for internal use"},
      {[](auto& s) {
         s.check = http_check();
         s.check->interval = 0s;
       },
       "Invalid check: Interval must be > 0 for Script, HTTP, H2PING, TCP, UDP or OSService "
       "checks"},
      {[](auto& s) {
         s.check = http_check();
         s.check->status = "fine";
       },
       "Status for checks must 'passing', 'warning', 'critical'"},
  };
  for (const Case& one : cases) {
    api::ServiceDefinition service = web();
    one.spoil(service);
    normalise(service);
    const Result<void> valid = validate_service(service);
    ASSERT_FALSE(valid.has_value()) << one.text;
    EXPECT_EQ(valid.error().message, one.text);
    EXPECT_EQ(valid.error().code, ErrorCode::bad_request);
  }
}

TEST(ValidateService, accepts_what_consul_accepts) {
  const std::vector<std::function<void(api::ServiceDefinition&)>> cases = {
      [](auto&) {},
      [](auto& s) { s.address = "10.0.0.1"; },
      [](auto& s) { s.address = "host.example"; },
      [](auto& s) { s.weights = {1, 0}; },
      [](auto& s) { s.weights = {65535, 65535}; },
      [](auto& s) { s.name = "not_dns safe"; },
      [](auto& s) { s.check = api::CheckDefinition{}; },
      [](auto& s) { s.check = http_check(); },
  };
  for (const auto& change : cases) {
    api::ServiceDefinition service = web();
    change(service);
    normalise(service);
    EXPECT_TRUE(validate_service(service).has_value());
  }
}

TEST(ValidateCheck, refuses_with_the_contracts_texts) {
  struct Case {
    std::function<void(api::CheckDefinition&)> spoil;
    std::string text;
  };
  const std::vector<Case> cases = {
      {[](auto& c) { c.name = ""; }, "Missing check name"},
      {[](auto& c) { c.status = "good"; }, "Bad check status"},
      {[](auto& c) { c.status = "Passing"; }, "Bad check status"},
      {[](auto& c) { c.ttl = 5s; }, "Invalid check: Interval and TTL cannot both be specified"},
      {[](auto& c) { c.interval = 0s; },
       "Invalid check: Interval must be > 0 for Script, HTTP, H2PING, TCP, UDP or OSService "
       "checks"},
      {[](auto& c) { c.alias_service = "db"; },
       "Invalid check: Interval cannot be set for Alias checks"},
      {[](auto& c) {
         c.http = "";
         c.alias_service = "db";
       },
       "Invalid check: Interval cannot be set for Alias checks"},
      {[](auto& c) {
         c.http = "";
         c.interval = 0s;
         c.ttl = 5s;
         c.alias_service = "db";
       },
       "Invalid check: TTL must be not be set for Alias checks"},
      {[](auto& c) {
         c.http = "";
         c.interval = 0s;
       },
       "Invalid check: TTL must be > 0 for TTL checks"},
      {[](auto& c) {
         c.http = "";
         c.interval = 0s;
         c.ttl = -5s;
       },
       "Invalid check: TTL must be > 0 for TTL checks"},
      {[](auto& c) { c.output_max_size = -1; }, "Invalid check: MaxOutputMaxSize must be positive"},
      {[](auto& c) { c.failures_before_warning = 2; },
       "Invalid check: FailuresBeforeWarning can't be higher than FailuresBeforeCritical"},
  };
  for (const Case& one : cases) {
    api::CheckDefinition check = http_check();
    one.spoil(check);
    const Result<void> valid = validate_check(check);
    ASSERT_FALSE(valid.has_value()) << one.text;
    EXPECT_EQ(valid.error().message, one.text);
    EXPECT_EQ(valid.error().code, ErrorCode::bad_request);
  }
}

TEST(ValidateCheck, takes_every_type_and_wants_an_interval_for_it) {
  const std::vector<std::function<void(api::CheckDefinition&)>> types = {
      [](auto& c) { c.args = {"/bin/true"}; }, [](auto& c) { c.http = "http://127.0.0.1/"; },
      [](auto& c) { c.tcp = "127.0.0.1:1"; },  [](auto& c) { c.udp = "127.0.0.1:1"; },
      [](auto& c) { c.grpc = "127.0.0.1:1"; }, [](auto& c) { c.h2ping = "127.0.0.1:1"; },
      [](auto& c) { c.os_service = "cron"; },  [](auto& c) { c.docker_container_id = "f972c95e"; },
  };
  for (const auto& choose : types) {
    api::CheckDefinition check;
    check.name = "c";
    choose(check);
    EXPECT_EQ(validate_check(check).error().message,
              "Invalid check: Interval must be > 0 for Script, HTTP, H2PING, TCP, UDP or OSService "
              "checks");
    check.interval = 10s;
    EXPECT_TRUE(validate_check(check).has_value());
  }
}

TEST(ValidateCheck, takes_checks_through_tls) {
  api::CheckDefinition check;
  check.name = "c";
  check.interval = 10s;
  check.http = "HTTPS://127.0.0.1/";
  EXPECT_TRUE(validate_check(check).has_value());
  check.http.clear();
  check.tcp = "127.0.0.1:1";
  check.tcp_use_tls = true;
  EXPECT_TRUE(validate_check(check).has_value());
}

TEST(ValidateMeta, holds_every_limit_of_the_contract) {
  const std::string pair = "Couldn't load metadata pair ";
  struct Case {
    std::string key;
    std::string value;
    std::string text;  // "" = accepted.
  };
  const std::vector<Case> cases = {
      {"k-1_A", "v", ""},
      {std::string(128, 'k'), std::string(512, 'v'), ""},
      {"", "v", pair + "('', 'v'): Key cannot be blank"},
      {"a.b", "v", pair + "('a.b', 'v'): Key contains invalid characters"},
      {"consul-a", "v",
       pair + "('consul-a', 'v'): Key prefix 'consul-' is reserved for internal use"},
      {std::string(129, 'k'), "v",
       pair + "('" + std::string(129, 'k') + "', 'v'): Key is too long (limit: 128 characters)"},
      {"k", std::string(513, 'v'),
       pair + "('k', '" + std::string(513, 'v') + "'): Value is too long (limit: 512 characters)"},
  };
  for (const Case& one : cases) {
    const Result<void> valid = validate_meta({{one.key, one.value}}, false);
    EXPECT_EQ(valid.has_value(), one.text.empty()) << one.key;
    if (!valid) EXPECT_EQ(valid.error().message, one.text);
  }
  EXPECT_TRUE(validate_meta({{"consul-version", "1"}}, true).has_value());
}

TEST(ValidateMeta, takes_64_pairs_and_refuses_65) {
  api::StringMap meta;
  for (int i = 0; i < 64; ++i) meta["k" + std::to_string(i)] = "v";
  EXPECT_TRUE(validate_meta(meta, false).has_value());
  meta["one-more"] = "v";
  EXPECT_EQ(validate_meta(meta, false).error().message,
            "Node metadata cannot contain more than 64 key/value pairs");
}

TEST(Scripts, run_only_where_the_policy_says) {
  api::CheckDefinition script;
  script.args = {"/bin/true"};
  const std::string off =
      "Scripts are disabled on this agent; to enable, configure 'enable_script_checks' or "
      "'enable_local_script_checks' to true";
  const std::string local_only =
      "Scripts are disabled on this agent from remote calls; to enable, configure "
      "'enable_script_checks' to true";
  struct Case {
    ScriptPolicy policy;
    Origin origin;
    std::string text;
  };
  const std::vector<Case> cases = {
      {{false, false}, Origin::api, off},       {{false, false}, Origin::file, off},
      {{false, true}, Origin::api, local_only}, {{false, true}, Origin::file, ""},
      {{true, false}, Origin::api, ""},         {{true, true}, Origin::file, ""},
  };
  for (const Case& one : cases) {
    const Result<void> allowed = scripts_allowed(script, one.policy, one.origin);
    EXPECT_EQ(allowed.has_value(), one.text.empty());
    if (allowed) continue;
    EXPECT_EQ(allowed.error().message, one.text);
    EXPECT_EQ(allowed.error().code, ErrorCode::failed);  // 500, as the contract says.
  }
  EXPECT_TRUE(scripts_allowed(http_check(), {}, Origin::api).has_value());
}

TEST(DnsNames, are_labels_of_letters_digits_and_dashes) {
  for (const char* name : {"web", "web-1", "WEB"}) EXPECT_TRUE(is_dns_safe(name)) << name;
  for (const char* name : {"", "a_b", "a.b", "a b", "-a", "a-"}) {
    EXPECT_FALSE(is_dns_safe(name)) << name;
  }
  EXPECT_FALSE(is_dns_safe(std::string(64, 'a')));
}

}  // namespace
}  // namespace conclave::agent
