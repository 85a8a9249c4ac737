#include <cstdio>
#include <fstream>

#include "tests/unit/cli_commands/shell.h"

namespace conclave::cli {
namespace {

constexpr const char* entry =
    R"([{"LockIndex":0,"Key":"a/b","Flags":16210313421097356768,"Value":"dmFsdWU=",
        "CreateIndex":12,"ModifyIndex":34}])";
constexpr const char* two_entries =
    R"([{"LockIndex":0,"Key":"a","Flags":0,"Value":"MQ==","CreateIndex":1,"ModifyIndex":1},
        {"LockIndex":1,"Key":"b","Flags":0,"Value":null,"Session":"s","CreateIndex":2,
         "ModifyIndex":3}])";

TEST_F(Shell, kv_get_prints_the_raw_value_and_a_newline) {
  answer(200, entry);
  EXPECT_EQ(run({"kv", "get", "/a/b"}), 0);
  EXPECT_EQ(out(), "value\n");
  EXPECT_EQ(asked_.url, "http://127.0.0.1:8500/v1/kv/a/b");
}

TEST_F(Shell, kv_get_detailed_shows_aligned_rows_with_exact_numbers) {
  answer(200, entry);
  EXPECT_EQ(run({"kv", "get", "-detailed", "a/b"}), 0);
  EXPECT_EQ(out(),
            "CreateIndex      12\n"
            "Flags            16210313421097356768\n"
            "Key              a/b\n"
            "LockIndex        0\n"
            "ModifyIndex      34\n"
            "Session          -\n"
            "Value            value\n");
}

TEST_F(Shell, kv_get_of_a_missing_key_fails_on_stderr) {
  answer(404, "");
  EXPECT_EQ(run({"kv", "get", "a/b"}), 1);
  EXPECT_EQ(out(), "");
  EXPECT_EQ(err(), "Error! No key exists at: a/b\n");
}

TEST_F(Shell, kv_get_recurse_and_keys_list) {
  answer(200, two_entries);
  EXPECT_EQ(run({"kv", "get", "-recurse"}), 0);
  EXPECT_EQ(out(), "a:1\nb:\n");
  EXPECT_EQ(run({"kv", "get", "-recurse", "-base64", "-detailed", "x"}), 0);
  EXPECT_NE(out().find("Value            MQ==\n\nCreateIndex      2\n"), std::string::npos);
  EXPECT_NE(out().find("Session          s\n"), std::string::npos);
  answer(200, R"(["a/","b"])");
  EXPECT_EQ(run({"kv", "get", "-keys", "x y"}), 0);
  EXPECT_EQ(out(), "a/\nb\n");
  EXPECT_EQ(asked_.url, "http://127.0.0.1:8500/v1/kv/x%20y?keys&separator=%2F");
}

TEST_F(Shell, kv_get_without_a_key_says_so) {
  EXPECT_EQ(run({"kv", "get"}), 1);
  EXPECT_EQ(err(), "Error! Missing KEY argument\n");
}

TEST_F(Shell, an_unexpected_answer_is_shown_as_gos_client_shows_it) {
  answer(500, "No cluster leader");
  EXPECT_EQ(run({"kv", "get", "a"}), 1);
  EXPECT_EQ(err(),
            "Error querying Consul agent: Unexpected response code: 500 (No cluster leader)\n");
}

TEST_F(Shell, kv_put_takes_the_value_from_word_file_or_standard_input) {
  answer(200, "true");
  EXPECT_EQ(run({"kv", "put", "-flags=7", "k", "v"}), 0);
  EXPECT_EQ(out(), "Success! Data written to: k\n");
  EXPECT_EQ(asked_.method, "PUT");
  EXPECT_EQ(asked_.url, "http://127.0.0.1:8500/v1/kv/k?flags=7");
  EXPECT_EQ(asked_.body, "v");
  EXPECT_EQ(run({"kv", "put", "k", "-"}, "from stdin"), 0);
  EXPECT_EQ(asked_.body, "from stdin");
  const std::string file = testing::TempDir() + "conclave-put-data";
  std::ofstream(file) << "from file";
  EXPECT_EQ(run({"kv", "put", "k", "@" + file}), 0);
  EXPECT_EQ(asked_.body, "from file");
  std::remove(file.c_str());
  EXPECT_EQ(run({"kv", "put", "-base64", "k", "dmFsdWU="}), 0);
  EXPECT_EQ(asked_.body, "value");
  EXPECT_EQ(run({"kv", "put", "k"}), 0);
  EXPECT_EQ(asked_.body, "");
}

struct Refusal {
  Arguments arguments;
  std::string sentence;
};

TEST_F(Shell, refused_writes_exit_1_with_consuls_sentences) {
  answer(200, "false");
  const Refusal cases[] = {
      {{"kv", "put", "-cas", "-modify-index=3", "k", "v"},
       "Error! Did not write to k: CAS failed\n"},
      {{"kv", "put", "-acquire", "-session=s", "k"}, "Error! Did not acquire lock\n"},
      {{"kv", "put", "-release", "-session=s", "k"}, "Error! Did not release lock\n"},
      {{"kv", "put", "-acquire", "k"},
       "Error! Missing -session (required with -acquire and -release)\n"},
      {{"kv", "put"}, "Error! Missing KEY argument\n"},
      {{"kv", "put", "a", "b", "c"}, "Error! Too many arguments (expected 1 or 2, got 3)\n"},
      {{"kv", "delete", "-cas", "-modify-index=3", "k"},
       "Error! Did not delete key k: CAS failed\n"},
      {{"kv", "delete"}, "Error! Missing KEY argument\n"},
      {{"kv", "delete", "-cas", "-recurse", "k"},
       "Error! Cannot specify both -cas and -recurse!\n"},
  };
  for (const Refusal& one : cases) {
    EXPECT_EQ(run(one.arguments), 1);
    EXPECT_EQ(err(), one.sentence);
    EXPECT_EQ(out(), "");
  }
}

TEST_F(Shell, locks_and_deletions_say_what_they_did) {
  answer(200, "true");
  const Refusal cases[] = {
      {{"kv", "put", "-acquire", "-session=s", "k"}, "Success! Lock acquired on: k\n"},
      {{"kv", "put", "-release", "-session=s", "k"}, "Success! Lock released on: k\n"},
      {{"kv", "delete", "k"}, "Success! Deleted key: k\n"},
      {{"kv", "delete", "-recurse", "k"}, "Success! Deleted keys with prefix: k\n"},
      {{"kv", "delete", "-cas", "-modify-index=3", "k"}, "Success! Deleted key: k\n"},
  };
  for (const Refusal& one : cases) {
    EXPECT_EQ(run(one.arguments), 0) << err();
    EXPECT_EQ(out(), one.sentence);
  }
}

TEST_F(Shell, members_shows_servers_first_and_exits_2_when_none_matches) {
  answer(200, R"([{"Name":"agent","Addr":"10.0.0.2","Port":8301,"Status":4,
      "Tags":{"role":"node","dc":"dc1","build":"1.20.0:","vsn":"2"}},
     {"Name":"server-one","Addr":"10.0.0.1","Port":8301,"Status":1,
      "Tags":{"role":"consul","dc":"dc1","build":"1.20.0:abc","vsn":"2"}}])");
  EXPECT_EQ(run({"members"}), 0);
  EXPECT_EQ(out(),
            "Node        Address        Status  Type    Build   Protocol  DC   Partition  Segment\n"
            "server-one  10.0.0.1:8301  alive   server  1.20.0  2         dc1  default    <all>\n"
            "agent       10.0.0.2:8301  failed  client  1.20.0  2         dc1  default    "
            "<default>\n");
  EXPECT_EQ(run({"members", "-status=failed", "-detailed"}), 0);
  EXPECT_NE(out().find("build=1.20.0:,dc=dc1,role=node,vsn=2\n"), std::string::npos);
  EXPECT_EQ(run({"members", "-status=left"}), 2);
  EXPECT_EQ(run({"members", "-status=("}), 1);
}

TEST_F(Shell, reload_and_leave_say_what_they_did) {
  answer(200, "");
  EXPECT_EQ(run({"reload"}), 0);
  EXPECT_EQ(out(), "Configuration reload triggered\n");
  EXPECT_EQ(run({"leave"}), 0);
  EXPECT_EQ(out(), "Graceful leave complete\n");
  answer_ = fail(ErrorCode::io, R"(Put "http://127.0.0.1:8500/v1/agent/leave": EOF)");
  EXPECT_EQ(run({"leave"}), 0);
  EXPECT_EQ(run({"reload"}), 1);
}

TEST_F(Shell, version_names_the_compatible_version_first) {
  EXPECT_EQ(run({"version"}), 0);
  EXPECT_TRUE(out().starts_with("Consul v1.20.0\n"));
  EXPECT_NE(out().find("Conclave v"), std::string::npos);
  EXPECT_EQ(run({"-v"}), 0);
  EXPECT_EQ(run({"version", "-format=json"}), 0);
  EXPECT_NE(out().find("\"Version\": \"1.20.0\""), std::string::npos);
  EXPECT_EQ(run({"version", "-format=xml"}), 1);
}

TEST_F(Shell, usage_errors_have_consuls_exit_codes) {
  EXPECT_EQ(run({}), 127);
  EXPECT_EQ(run({"nonsense"}), 127);
  EXPECT_EQ(run({"-h"}), 0);
  EXPECT_EQ(run({"kv"}), 1);
  EXPECT_EQ(run({"kv", "nonsense"}), 1);
  EXPECT_EQ(run({"kv", "get", "-nonsense"}), 1);
  EXPECT_EQ(run({"kv", "get", "-h"}), 0);
}

TEST_F(Shell, address_and_token_come_from_flags_then_variables) {
  answer(200, entry);
  environment_ = {{"CONSUL_HTTP_ADDR", "10.0.0.9:1"},
                  {"CONSUL_HTTP_TOKEN", "secret"},
                  {"CONSUL_HTTP_AUTH", "u:p"}};
  EXPECT_EQ(run({"kv", "get", "k"}), 0);
  EXPECT_EQ(asked_.url, "http://10.0.0.9:1/v1/kv/k");
  ASSERT_EQ(asked_.headers.size(), 2u);
  EXPECT_EQ(asked_.headers[0].value, "secret");
  EXPECT_EQ(asked_.headers[1].value, "Basic dTpw");
  environment_["CONCLAVE_HTTP_ADDR"] = "http://10.0.0.8:2";
  EXPECT_EQ(run({"kv", "get", "-stale", "-datacenter=dc2", "k"}), 0);
  EXPECT_EQ(asked_.url, "http://10.0.0.8:2/v1/kv/k?dc=dc2&stale");
  EXPECT_EQ(run({"kv", "get", "-http-addr=unix:///run/c.sock", "-token=t", "k"}), 0);
  EXPECT_EQ(asked_.url, "unix:///run/c.sock");
  EXPECT_EQ(asked_.target, "/v1/kv/k");
  EXPECT_EQ(asked_.headers[0].value, "t");
}

TEST_F(Shell, the_token_comes_from_file_and_text_in_consuls_order) {
  answer(200, entry);
  const std::string file = testing::TempDir() + "conclave-token";
  std::ofstream(file) << "of-file\n";
  const auto token = [&] { return asked_.headers.empty() ? "" : asked_.headers[0].value; };
  EXPECT_EQ(run({"kv", "get", "-token-file=" + file, "-token=t", "k"}), 0);
  EXPECT_EQ(token(), "of-file");
  environment_ = {{"CONSUL_HTTP_TOKEN_FILE", file}, {"CONSUL_HTTP_TOKEN", "of-variable"}};
  EXPECT_EQ(run({"kv", "get", "-token=t", "k"}), 0);
  EXPECT_EQ(token(), "t");
  EXPECT_EQ(run({"kv", "get", "k"}), 0);
  EXPECT_EQ(token(), "of-file");
  environment_.erase("CONSUL_HTTP_TOKEN_FILE");
  EXPECT_EQ(run({"kv", "get", "k"}), 0);
  EXPECT_EQ(token(), "of-variable");
  std::remove(file.c_str());
  EXPECT_EQ(run({"kv", "get", "-token-file=" + file, "k"}), 1);
  EXPECT_EQ(err(), "Error! cannot read the token file " + file + "\n");
}

TEST_F(Shell, https_once_asked_for_is_never_http) {
  answer(200, entry);
  EXPECT_EQ(run({"kv", "get", "-http-addr=https://c.example:8501/", "k"}), 0);
  EXPECT_EQ(asked_.url, "https://c.example:8501/v1/kv/k");
  environment_ = {{"CONSUL_HTTP_SSL", "true"}};
  EXPECT_EQ(run({"kv", "get", "k"}), 0);
  EXPECT_EQ(asked_.url, "https://127.0.0.1:8500/v1/kv/k");
  EXPECT_EQ(run({"kv", "get", "-http-addr=http://c.example:8501", "k"}), 0);
  EXPECT_EQ(asked_.url, "https://c.example:8501/v1/kv/k");
  EXPECT_EQ(run({"kv", "get", "-http-addr=unix:///run/c.sock", "k"}), 0);
  EXPECT_EQ(asked_.url, "unix:///run/c.sock");
}

TEST_F(Shell, tls_settings_come_from_flags_then_variables) {
  answer(200, entry);
  EXPECT_EQ(run({"kv", "get", "k"}), 0);
  EXPECT_EQ(asked_.tls->options(), TlsOptions{});
  environment_ = {{"CONSUL_CACERT", "/ca"},        {"CONSUL_CAPATH", "/cas"},
                  {"CONSUL_CLIENT_CERT", "/cert"}, {"CONSUL_CLIENT_KEY", "/key"},
                  {"CONSUL_TLS_SERVER_NAME", "n"}, {"CONSUL_HTTP_SSL_VERIFY", "false"}};
  EXPECT_EQ(run({"kv", "get", "-ca-file=/other", "k"}), 0);
  const TlsOptions expected{.ca_file = "/other",
                            .ca_path = "/cas",
                            .certificate_file = "/cert",
                            .key_file = "/key",
                            .verify = false};
  EXPECT_EQ(asked_.tls->options(), expected);
  EXPECT_EQ(asked_.tls_server_name, "n");
}

TEST_F(Shell, a_word_that_is_neither_yes_nor_no_decides_nothing_about_tls) {
  environment_ = {{"CONSUL_HTTP_SSL_VERIFY", "off"}};
  EXPECT_EQ(run({"kv", "get", "k"}), 1);
  EXPECT_EQ(err(), "Error! CONSUL_HTTP_SSL_VERIFY is \"off\"; use true or false\n");
  environment_ = {{"CONSUL_HTTP_SSL", "yes"}};
  EXPECT_EQ(run({"kv", "get", "k"}), 1);
  EXPECT_EQ(err(), "Error! CONSUL_HTTP_SSL is \"yes\"; use true or false\n");
}

}  // namespace
}  // namespace conclave::cli
