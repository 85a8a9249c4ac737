// Oracle: contract sections 3 (KV), 5.4 (locks), 2.3 (indexes), 20 (traps).
#include "base/core/text.h"
#include "tests/unit/daemon_http/server_fixture.h"

namespace conclave::daemon {
namespace {

using KvTest = ServerTest;

TEST_F(KvTest, get_answers_an_array_with_one_entry) {
  EXPECT_EQ(put("/v1/kv/a/b?flags=42", "hello").body, "true");
  const Answer answer = get("/v1/kv/a/b");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.content_type, "application/json");
  EXPECT_EQ(answer.body,
            R"([{"LockIndex":0,"Key":"a/b","Flags":42,"Value":"aGVsbG8=","CreateIndex":3,)"
            R"("ModifyIndex":3}])");
  EXPECT_EQ(answer.header("X-Consul-Index"), "3");
  EXPECT_EQ(answer.header("X-Consul-KnownLeader"), "true");
  EXPECT_EQ(answer.header("X-Consul-LastContact"), "0");
  EXPECT_EQ(answer.header("X-Consul-Effective-Consistency"), "") << "not on KV (contract 1.5)";
}

TEST_F(KvTest, trap_1_flags_are_uint64) {
  put("/v1/kv/lock?flags=16210313421097356768");
  EXPECT_TRUE(get("/v1/kv/lock").body.contains(R"("Flags":16210313421097356768)"));
}

TEST_F(KvTest, trap_2_index_is_never_0) {
  EXPECT_EQ(get("/v1/kv/missing").header("X-Consul-Index"), "1");
}

TEST_F(KvTest, trap_3_a_missing_key_is_an_empty_404_with_index_headers) {
  put("/v1/kv/other", "x");
  const Answer answer = get("/v1/kv/missing");
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(answer.body, "");
  EXPECT_EQ(answer.content_type, "");
  EXPECT_EQ(answer.header("X-Consul-Index"), "3") << "the newest change of any key";
  EXPECT_EQ(answer.header("X-Consul-KnownLeader"), "true");
  EXPECT_EQ(answer.header("X-Consul-LastContact"), "0");
}

TEST_F(KvTest, trap_4_the_value_of_an_empty_key_is_null) {
  put("/v1/kv/empty");
  EXPECT_TRUE(get("/v1/kv/empty").body.contains(R"("Value":null)"));
}

TEST_F(KvTest, trap_5_session_is_there_only_while_locked) {
  const std::string session = create_session();
  put("/v1/kv/k");
  EXPECT_FALSE(get("/v1/kv/k").body.contains("Session"));
  put("/v1/kv/k?acquire=" + session);
  EXPECT_TRUE(get("/v1/kv/k").body.contains(R"("Session":")" + session + '"'));
}

TEST_F(KvTest, trap_6_deleting_a_child_raises_the_index_of_its_prefix) {
  put("/v1/kv/p/a");
  put("/v1/kv/p/b");
  put("/v1/kv/other");
  EXPECT_EQ(get("/v1/kv/p/?recurse").index(), 4u);
  EXPECT_EQ(get("/v1/kv/?recurse").index(), 5u);
  del("/v1/kv/p/a");
  EXPECT_EQ(get("/v1/kv/p/?recurse").index(), 6u);
  EXPECT_EQ(get("/v1/kv/p/?keys").index(), 6u);
  EXPECT_EQ(get("/v1/kv/none/?recurse").index(), 6u) << "no entry and no tombstone: all keys";
}

TEST_F(KvTest, recurse_lists_entries_sorted_by_key) {
  put("/v1/kv/p/b", "2");
  put("/v1/kv/p/a", "1");
  put("/v1/kv/q", "3");
  EXPECT_EQ(get("/v1/kv/p?recurse").body,
            R"([{"LockIndex":0,"Key":"p/a","Flags":0,"Value":"MQ==","CreateIndex":4,)"
            R"("ModifyIndex":4},{"LockIndex":0,"Key":"p/b","Flags":0,"Value":"Mg==",)"
            R"("CreateIndex":3,"ModifyIndex":3}])");
  const Answer none = get("/v1/kv/x?recurse");
  EXPECT_EQ(none.status, 404);
  EXPECT_EQ(none.body, "");
}

TEST_F(KvTest, keys_are_cut_at_the_separator) {
  for (const char* key : {"a", "p/a", "p/b/1", "p/b/2", "p/c/1", "p/d"}) {
    put(std::string("/v1/kv/") + key);
  }
  const struct {
    const char* target;
    const char* body;
  } cases[] = {
      {"/v1/kv/?keys", R"(["a","p/a","p/b/1","p/b/2","p/c/1","p/d"])"},
      {"/v1/kv/?keys&separator=/", R"(["a","p/"])"},
      {"/v1/kv/p/?keys&separator=/", R"(["p/a","p/b/","p/c/","p/d"])"},
      {"/v1/kv/p/?keys&seperator=/", R"(["p/a","p/b/","p/c/","p/d"])"},
      {"/v1/kv/p/?keys&seperator=/&separator=b/", R"(["p/a","p/b/","p/c/1","p/d"])"},
      {"/v1/kv/p?keys&separator=/", R"(["p/"])"},
  };
  for (const auto& one : cases) EXPECT_EQ(get(one.target).body, one.body) << one.target;
}

TEST_F(KvTest, keys_at_the_root_of_an_empty_store_are_an_empty_list) {
  EXPECT_EQ(refusal(get("/v1/kv/?keys")), "200 []");
  EXPECT_EQ(refusal(get("/v1/kv/p?keys")), "404 ");
}

TEST_F(KvTest, raw_is_the_value_itself) {
  put("/v1/kv/r", std::string("<b>\0x", 5));
  const Answer answer = get("/v1/kv/r?raw");
  EXPECT_EQ(answer.body, std::string("<b>\0x", 5));
  EXPECT_EQ(answer.content_type, "text/plain");
  EXPECT_EQ(answer.header("X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(answer.header("Content-Security-Policy"), "sandbox");
  EXPECT_EQ(answer.header("X-Consul-Index"), "3");
  put("/v1/kv/e");
  EXPECT_EQ(refusal(get("/v1/kv/e?raw")), "200 ");
  EXPECT_EQ(get("/v1/kv/none?raw").status, 404);
}

TEST_F(KvTest, keys_may_hold_any_printable_text) {
  put("/v1/kv/a%20b/%C3%A9+x", "1");
  EXPECT_TRUE(get("/v1/kv/a%20b/%C3%A9+x").body.contains("\"Key\":\"a b/\xc3\xa9+x\""));
}

TEST_F(KvTest, cas_compares_the_modify_index) {
  EXPECT_EQ(refusal(put("/v1/kv/c?cas=1", "x")), "200 false");
  EXPECT_EQ(refusal(put("/v1/kv/c?cas=0", "x")), "200 true");
  EXPECT_EQ(refusal(put("/v1/kv/c?cas=0", "y")), "200 false");
  EXPECT_EQ(refusal(put("/v1/kv/c?cas=3", "y")), "200 true");
  EXPECT_EQ(refusal(del("/v1/kv/c?cas=3")), "200 false");
  EXPECT_EQ(refusal(del("/v1/kv/c?cas=0")), "200 false");
  EXPECT_EQ(refusal(del("/v1/kv/c?cas=4")), "200 true");
}

TEST_F(KvTest, trap_25_delete_cas_of_a_missing_key_is_true) {
  EXPECT_EQ(refusal(del("/v1/kv/none?cas=77")), "200 true");
  EXPECT_EQ(refusal(del("/v1/kv/none")), "200 true");
}

TEST_F(KvTest, delete_recurse_removes_the_prefix_and_the_root_everything) {
  for (const char* key : {"a", "p/a", "p/b"}) put(std::string("/v1/kv/") + key);
  EXPECT_EQ(refusal(del("/v1/kv/p/?recurse")), "200 true");
  EXPECT_EQ(get("/v1/kv/?keys").body, R"(["a"])");
  EXPECT_EQ(refusal(del("/v1/kv/?recurse")), "200 true");
  EXPECT_EQ(get("/v1/kv/?keys").body, "[]");
}

TEST_F(KvTest, trap_12_a_write_that_changes_nothing_keeps_the_index) {
  put("/v1/kv/n?flags=1", "x");
  put("/v1/kv/n?flags=1", "x");
  EXPECT_EQ(get("/v1/kv/n").index(), 3u);
  put("/v1/kv/n", "x");
  EXPECT_EQ(get("/v1/kv/n").index(), 4u) << "absent flags are 0";
}

TEST_F(KvTest, acquire_and_release_move_the_lock) {
  const std::string a = create_session();
  const std::string b = create_session();
  EXPECT_EQ(put("/v1/kv/k?acquire=" + a + "&flags=5", "1").body, "true");
  EXPECT_EQ(put("/v1/kv/k?acquire=" + b, "2").body, "false");
  EXPECT_EQ(put("/v1/kv/k?release=" + b).body, "false");
  EXPECT_EQ(put("/v1/kv/k?release=" + a, "3").body, "true");
  const std::string after = get("/v1/kv/k").body;
  EXPECT_TRUE(after.contains(R"("LockIndex":1,"Key":"k","Flags":0,"Value":"Mw==","CreateIndex")"))
      << after << " release writes value and flags";
  EXPECT_EQ(put("/v1/kv/k?acquire=" + b).body, "true");
  EXPECT_TRUE(get("/v1/kv/k").body.contains(R"("LockIndex":2)"));
  EXPECT_EQ(put("/v1/kv/none?release=" + a).body, "false");
}

TEST_F(KvTest, trap_11_the_holder_may_acquire_again_without_a_new_lock_index) {
  const std::string session = create_session();
  put("/v1/kv/k?acquire=" + session, "1");
  EXPECT_EQ(put("/v1/kv/k?acquire=" + session, "2").body, "true");
  EXPECT_TRUE(get("/v1/kv/k").body.contains(R"("LockIndex":1,"Key":"k","Flags":0,"Value":"Mg==")"));
}

TEST_F(KvTest, trap_8_lock_delay_follows_invalidation_and_spares_plain_writes) {
  const std::string first = create_session(R"({"LockDelay":"10s"})");
  put("/v1/kv/k?acquire=" + first);
  put("/v1/kv/k?release=" + first);
  const std::string second = create_session();
  EXPECT_EQ(put("/v1/kv/k?acquire=" + second).body, "true") << "release starts no delay";
  put("/v1/kv/k?release=" + second);
  put("/v1/kv/k?acquire=" + first);
  put("/v1/session/destroy/" + first);
  EXPECT_EQ(put("/v1/kv/k?acquire=" + second).body, "false");
  EXPECT_EQ(put("/v1/kv/k", "plain").body, "true");
  replica_.cluster_time_ms_ += 10'000;
  EXPECT_EQ(put("/v1/kv/k?acquire=" + second).body, "true");
}

// Design: fencing token in a header, JSON exactly Consul's.
TEST_F(KvTest, a_lock_comes_with_a_rising_fencing_token) {
  const std::string session = create_session();
  const Answer first = put("/v1/kv/k?acquire=" + session);
  ASSERT_NE(first.header("X-Conclave-Fence"), "");
  EXPECT_EQ(get("/v1/kv/k").header("X-Conclave-Fence"), first.header("X-Conclave-Fence"));
  EXPECT_FALSE(get("/v1/kv/k").body.contains("Fence"));
  put("/v1/kv/k?release=" + session);
  const Answer second = put("/v1/kv/k?acquire=" + session);
  EXPECT_GT(*parse_u64(second.header("X-Conclave-Fence")),
            *parse_u64(first.header("X-Conclave-Fence")));
  put("/v1/kv/plain", "x");
  EXPECT_EQ(get("/v1/kv/plain").header("X-Conclave-Fence"), "");
}

TEST_F(KvTest, refusals_have_consuls_status_and_text) {
  settings_->kv_value_bytes_max = 8;
  const struct {
    api::Method method;
    const char* target;
    const char* body;
    const char* answer;
  } cases[] = {
      {api::Method::get, "/v1/kv/", "", "400 Missing key name"},
      {api::Method::get, "/v1/kv/?raw", "", "400 Missing key name"},
      {api::Method::put, "/v1/kv/", "", "400 Missing key name"},
      {api::Method::del, "/v1/kv/", "", "400 Missing key name"},
      {api::Method::put, "/v1/kv/k?flags=x", "",
       "500 strconv.ParseUint: parsing \"x\": invalid syntax"},
      {api::Method::put, "/v1/kv/k?flags=", "",
       "500 strconv.ParseUint: parsing \"\": invalid syntax"},
      {api::Method::put, "/v1/kv/k?flags=18446744073709551616", "",
       "500 strconv.ParseUint: parsing \"18446744073709551616\": value out of range"},
      {api::Method::put, "/v1/kv/k?cas=-1", "",
       "500 strconv.ParseUint: parsing \"-1\": invalid syntax"},
      {api::Method::del, "/v1/kv/k?cas=x", "",
       "500 strconv.ParseUint: parsing \"x\": invalid syntax"},
      {api::Method::put, "/v1/kv/k?release=s&cas=0&acquire=a%20b", "",
       "400 Conflicting flags: acquire=a+b&cas=0&release=s\n"},
      {api::Method::del, "/v1/kv/k?recurse&cas=1", "", "400 Conflicting flags: cas=1&recurse=\n"},
      {api::Method::put, "/v1/kv/k", "123456789",
       "413 Request body(9 bytes) too large, max size: 8 bytes. See "
       "https://developer.hashicorp.com/docs/agent/config/config-files#kv_max_value_size."},
      {api::Method::put, "/v1/kv/k?acquire=", "", "500 missing session"},
      {api::Method::put, "/v1/kv/k?release=", "", "500 missing session"},
      {api::Method::put, "/v1/kv/k?acquire=nope", "", "500 invalid session \"nope\""},
      {api::Method::put, "/v1/kv/k?dc=elsewhere", "", "500 No path to datacenter"},
      {api::Method::del, "/v1/kv/k?dc=elsewhere", "", "500 No path to datacenter"},
      {api::Method::get, "/v1/kv/k?dc=elsewhere", "", "500 No path to datacenter"},
  };
  for (const auto& one : cases) {
    EXPECT_EQ(refusal(call(one.method, one.target, one.body)), one.answer) << one.target;
  }
  EXPECT_EQ(refusal(put("/v1/kv/k", "12345678")), "200 true") << "exactly the limit";
}

TEST_F(KvTest, a_write_without_a_leader_is_a_500) {
  replica_.refuse = Error{ErrorCode::no_leader, "No cluster leader"};
  EXPECT_EQ(refusal(put("/v1/kv/k")), "500 No cluster leader");
  EXPECT_EQ(refusal(del("/v1/kv/k")), "500 No cluster leader");
  EXPECT_EQ(refusal(get("/v1/kv/k")), "500 No cluster leader");
}

}  // namespace
}  // namespace conclave::daemon
