// Oracle: contract section 4 (transactions), 20 (trap 19).
#include "tests/unit/daemon_http/server_fixture.h"

namespace conclave::daemon {
namespace {

using TxnTest = ServerTest;

TEST_F(TxnTest, results_are_a_flat_list_with_values_of_reads_only) {
  put("/v1/kv/a", "1");
  const Answer answer = put("/v1/txn", R"([{"KV":{"Verb":"set","Key":"b","Value":"Mg==","Flags":9}},
      {"KV":{"Verb":"get-tree","Key":""}},{"KV":{"Verb":"delete","Key":"a"}}])");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body,
            R"({"Results":[{"KV":{"LockIndex":0,"Key":"b","Flags":9,"Value":null,"CreateIndex":4,)"
            R"("ModifyIndex":4}},{"KV":{"LockIndex":0,"Key":"a","Flags":0,"Value":"MQ==",)"
            R"("CreateIndex":3,"ModifyIndex":3}},{"KV":{"LockIndex":0,"Key":"b","Flags":9,)"
            R"("Value":"Mg==","CreateIndex":4,"ModifyIndex":4}}],"Errors":null})");
  EXPECT_EQ(answer.header("X-Consul-Index"), "") << "no index on transactions (contract 2.3)";
  EXPECT_EQ(get("/v1/kv/?keys").body, R"(["b"])");
}

TEST_F(TxnTest, trap_19_all_errors_are_collected_and_nothing_happens) {
  put("/v1/kv/a", "1");
  const Answer answer = put("/v1/txn", R"([{"KV":{"Verb":"set","Key":"b","Value":"Mg=="}},
      {"KV":{"Verb":"get","Key":"none"}},{"KV":{"Verb":"cas","Key":"a","Index":99}},
      {"KV":{"Verb":"check-not-exists","Key":"a"}}])");
  EXPECT_EQ(answer.status, 409);
  EXPECT_EQ(answer.body,
            R"({"Results":null,"Errors":[{"OpIndex":1,"What":"key \"none\" doesn't exist"},)"
            R"({"OpIndex":2,"What":"failed to set key \"a\", index is stale"},)"
            R"({"OpIndex":3,"What":"key \"a\" exists"}]})");
  EXPECT_EQ(get("/v1/kv/?keys").body, R"(["a"])");
}

TEST_F(TxnTest, every_verb_fails_in_consuls_words) {
  const std::string session = create_session();
  const std::string other = create_session();
  put("/v1/kv/held?acquire=" + session, "x");
  const struct {
    std::string op;
    std::string what;
  } cases[] = {
      {R"("Verb":"cas","Key":"held","Index":1)", R"(failed to set key \"held\", index is stale)"},
      {R"("Verb":"lock","Key":"held","Session":")" + other + '"',
       R"(failed to lock key \"held\", lock is already held)"},
      {R"("Verb":"lock","Key":"free","Session":"nope")", R"(invalid session \"nope\")"},
      {R"("Verb":"unlock","Key":"held","Session":")" + other + '"',
       R"(failed to unlock key \"held\", lock isn't held, or is held by another session)"},
      {R"("Verb":"check-index","Key":"held","Index":1)",
       R"(failed index check for key \"held\", current modify index 5 != 1)"},
      {R"("Verb":"check-index","Key":"none","Index":1)",
       R"(failed to check index, key \"none\" doesn't exist)"},
      {R"("Verb":"check-session","Key":"none","Session":"x")",
       R"(failed to check session, key \"none\" doesn't exist)"},
      {R"("Verb":"check-session","Key":"held","Session":"x")",
       R"(failed session check for key \"held\", current session \")" + session + R"(\" != \"x\")"},
      {R"("Verb":"delete-cas","Key":"held","Index":1)",
       R"(failed to delete key \"held\", index is stale)"},
      {R"("Verb":"jump","Key":"held")", R"(unknown KV verb \"jump\")"},
      {R"("Verb":"set","Key":"")", "Must provide key"},
  };
  for (const auto& one : cases) {
    const Answer answer = put("/v1/txn", "[{\"KV\":{" + one.op + "}}]");
    EXPECT_EQ(answer.status, 409) << one.op;
    EXPECT_TRUE(answer.body.contains(R"({"OpIndex":0,"What":")" + one.what + "\"}"))
        << answer.body << " wants " << one.what;
  }
}

TEST_F(TxnTest, an_operation_without_a_kind_is_an_error_of_the_transaction) {
  EXPECT_EQ(refusal(put("/v1/txn", "[{}]")),
            R"(409 {"Results":null,"Errors":[{"OpIndex":0,"What":"no operation specified"}]})");
}

TEST_F(TxnTest, a_read_only_transaction_makes_no_log_entry) {
  put("/v1/kv/a", "1");
  const std::size_t before = replica_.proposals;
  const Answer answer = put("/v1/txn?consistent", R"([{"kv":{"verb":"get","key":"a"}},
      {"KV":{"Verb":"get-or-empty","Key":"none"}},{"KV":{"Verb":"check-not-exists","Key":"b"}}])");
  EXPECT_EQ(replica_.proposals, before);
  EXPECT_EQ(replica_.asked.back(), Consistency::consistent);
  EXPECT_EQ(answer.body,
            R"({"Results":[{"KV":{"LockIndex":0,"Key":"a","Flags":0,"Value":"MQ==",)"
            R"("CreateIndex":3,"ModifyIndex":3}},{"KV":{"LockIndex":0,"Key":"none","Flags":0,)"
            R"("Value":null,"CreateIndex":0,"ModifyIndex":0}}],"Errors":null,"Index":0,)"
            R"("LastContact":0,"KnownLeader":true,"ConsistencyLevel":"","NotModified":false,)"
            R"("Backend":0,"ResultsFilteredByACLs":false})");
  EXPECT_EQ(answer.header("X-Consul-LastContact"), "0");
  EXPECT_EQ(answer.header("X-Consul-KnownLeader"), "true");
  EXPECT_EQ(answer.header("X-Consul-Index"), "");
}

TEST_F(TxnTest, a_read_only_transaction_may_be_stale) {
  replica_.refuse = Error{ErrorCode::no_leader, "No cluster leader"};
  replica_.stale_age_ms = 20;
  const Answer answer = put("/v1/txn?stale", R"([{"KV":{"Verb":"get","Key":"none"}}])");
  EXPECT_EQ(answer.status, 409);
  EXPECT_TRUE(answer.body.contains(R"("LastContact":20000000,"KnownLeader":false)"));
  EXPECT_EQ(refusal(put("/v1/txn", R"([{"KV":{"Verb":"get","Key":"none"}}])")),
            "500 No cluster leader");
}

TEST_F(TxnTest, limits_are_413s_that_say_too_large) {
  settings_->txn_ops_max = 2;
  settings_->kv_value_bytes_max = 4;
  settings_->txn_bytes_max = 400;
  const std::string set = R"({"KV":{"Verb":"set","Key":"k"}})";
  EXPECT_EQ(refusal(put("/v1/txn", "[" + set + "," + set + "," + set + "]")),
            "413 Transaction contains too many operations (3 > 2)");
  EXPECT_EQ(refusal(put("/v1/txn", R"([{"KV":{"Verb":"set","Key":"k","Value":"MTIzNDU="}}])")),
            "413 Value for key \"k\" is too large (5 > 4 bytes)");
  EXPECT_TRUE(refusal(put("/v1/txn", std::string(401, ' ')))
                  .starts_with("413 Request body too large, max size: 400 bytes"));
}

TEST_F(TxnTest, bodies_that_cannot_be_read_are_400s) {
  const struct {
    const char* body;
    const char* answer;
  } cases[] = {
      {"", "400 Failed to parse body: EOF"},
      {"[", "400 Failed to parse body: unexpected EOF"},
      {"{}", "400 Failed to parse body: json: cannot unmarshal object into value of type array"},
      {R"([{"KV":{"Verb":"set","Key":"k","Value":"*"}}])",
       "400 Failed to parse body: illegal base64 data in field KV.Value"},
  };
  for (const auto& one : cases) EXPECT_EQ(refusal(put("/v1/txn", one.body)), one.answer);
}

TEST_F(TxnTest, keys_and_the_catalog_change_together_and_answer_in_order) {
  const Answer answer = put("/v1/txn", R"([
      {"Node":{"Verb":"set","Node":{"Node":"n2","Address":"10.0.0.2"}}},
      {"KV":{"Verb":"set","Key":"a","Value":"MQ=="}},
      {"Service":{"Verb":"set","Node":"n2","Service":{"Service":"web","Port":80}}},
      {"Check":{"Verb":"set","Check":{"Node":"n2","CheckID":"alive","ServiceID":"web",
        "Status":"passing","Definition":{"TCP":"1.1.1.1:80","IntervalDuration":"5s"}}}},
      {"KV":{"Verb":"get","Key":"a"}},
      {"Check":{"Verb":"get","Check":{"Node":"n2","CheckID":"alive"}}}])");
  ASSERT_EQ(answer.status, 200) << answer.body;
  const std::string check =
      R"({"Check":{"Node":"n2","CheckID":"alive","Name":"","Status":"passing","Notes":"",)"
      R"("Output":"","ServiceID":"web","ServiceName":"web","ServiceTags":null,"Type":"tcp",)"
      R"("Interval":"","Timeout":"","ExposedPort":0,"Definition":{"TCP":"1.1.1.1:80",)"
      R"("Interval":"5s"},"CreateIndex":3,"ModifyIndex":3}})";
  const std::string start =
      R"({"Results":[{"Node":{"ID":"","Node":"n2","Address":"10.0.0.2","Datacenter":"dc1",)"
      R"("TaggedAddresses":null,"Meta":null,"CreateIndex":3,"ModifyIndex":3}},)"
      R"({"KV":{"LockIndex":0,"Key":"a","Flags":0,"Value":null,"CreateIndex":3,)"
      R"("ModifyIndex":3}},{"Service":{"ID":"web",)";
  EXPECT_TRUE(answer.body.starts_with(start)) << answer.body;
  EXPECT_TRUE(answer.body.contains("}}," + check + R"(,{"KV":{)")) << answer.body;
  EXPECT_TRUE(answer.body.ends_with("," + check + R"(],"Errors":null})")) << answer.body;
}

TEST_F(TxnTest, catalog_verbs_fail_in_consuls_words) {
  const struct {
    const char* op;
    const char* what;
  } cases[] = {
      {R"("Node":{"Verb":"get","Node":{"Node":"x"}})", R"(node \"x\" doesn't exist)"},
      {R"("Node":{"Verb":"cas","Node":{"Node":"n1","Address":"10.0.0.9","ModifyIndex":99}})",
       R"(failed to set node \"n1\", index is stale)"},
      {R"("Node":{"Verb":"delete-cas","Node":{"Node":"n1","ModifyIndex":99}})",
       R"(failed to delete node \"n1\", index is stale)"},
      {R"("Node":{"Verb":"jump","Node":{"Node":"n1"}})", R"(unknown Node verb \"jump\")"},
      {R"("Node":{"Verb":"set","Node":{"Address":"10.0.0.9"}})", "Must provide node"},
      {R"("Service":{"Verb":"get","Node":"n1","Service":{"ID":"x"}})",
       R"(service \"x\" on node \"n1\" doesn't exist)"},
      {R"("Service":{"Verb":"set","Node":"none","Service":{"Service":"x"}})",
       "Missing node registration"},
      {R"("Service":{"Verb":"cas","Node":"n1","Service":{"Service":"x","ModifyIndex":7}})",
       R"(failed to set service \"x\" on node \"n1\", index is stale)"},
      {R"("Service":{"Verb":"jump","Node":"n1"})", R"(unknown Service verb \"jump\")"},
      {R"("Check":{"Verb":"get","Check":{"Node":"n1","CheckID":"x"}})",
       R"(check \"x\" on node \"n1\" doesn't exist)"},
      {R"("Check":{"Verb":"delete-cas","Check":{"Node":"n1","CheckID":"serfHealth",)"
       R"("ModifyIndex":99}})",
       R"(failed to delete check \"serfHealth\" on node \"n1\", index is stale)"},
      {R"("Check":{"Verb":"set","Check":{"Node":"n1","CheckID":"x","ServiceID":"none"}})",
       "Missing service registration"},
      {R"("Check":{"Verb":"jump"})", R"(unknown Check verb \"jump\")"},
  };
  for (const auto& one : cases) {
    const std::string answer = refusal(put("/v1/txn", std::string("[{") + one.op + "}]"));
    const std::string expected =
        std::string(R"(409 {"Results":null,"Errors":[{"OpIndex":0,"What":")") + one.what + "\"}]";
    EXPECT_TRUE(answer.starts_with(expected)) << answer << " wants " << expected;
  }
}

TEST_F(TxnTest, a_transaction_that_only_reads_the_catalog_makes_no_log_entry) {
  const std::size_t before = replica_.proposals;
  const Answer answer = put("/v1/txn", R"([{"KV":{"Verb":"get-or-empty","Key":"a"}},
      {"Node":{"Verb":"get","Node":{"Node":"N1"}}}])");
  EXPECT_EQ(replica_.proposals, before);
  EXPECT_TRUE(answer.body.contains(R"({"Node":{"ID":"","Node":"n1",)")) << answer.body;
  EXPECT_TRUE(answer.body.contains(R"("KnownLeader":true)")) << answer.body;
}

TEST_F(TxnTest, lock_and_unlock_work_inside) {
  const std::string session = create_session();
  const std::string lock =
      R"([{"KV":{"Verb":"lock","Key":"k","Value":"MQ==","Session":")" + session + "\"}}]";
  EXPECT_TRUE(put("/v1/txn", lock)
                  .body.contains(R"("LockIndex":1,"Key":"k","Flags":0,"Value":)"
                                 R"(null,"Session":")" +
                                 session));
  const std::string unlock = R"([{"KV":{"Verb":"unlock","Key":"k","Session":")" + session + "\"}}]";
  EXPECT_EQ(put("/v1/txn", unlock).status, 200);
  EXPECT_FALSE(get("/v1/kv/k").body.contains("Session"));
}

}  // namespace
}  // namespace conclave::daemon
