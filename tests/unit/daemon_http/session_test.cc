// Oracle: contract section 5 (sessions and locks), 19 (Patroni, Ansible), 20 (traps).
#include "daemon/http/session.h"

#include "api/rest/respond.h"

#include "base/core/uuid.h"
#include "tests/unit/daemon_http/server_fixture.h"

namespace conclave::daemon {
namespace {

using SessionTest = ServerTest;

api::Session parsed(std::string_view body) {
  ServerSettings settings;
  settings.node_name = "n1";
  auto session = parse_session(body, settings);
  EXPECT_TRUE(session.has_value()) << (session.has_value() ? "" : session.error().message);
  return session.value_or(api::Session{});
}

std::string refused(std::string_view body) {
  auto session = parse_session(body, ServerSettings{});
  if (session.has_value()) return "accepted";
  return std::to_string(api::http_status(session.error().code)) + " " + session.error().message;
}

TEST(ParseSession, fills_in_the_defaults) {
  for (const char* body : {"", "{}", "null"}) {
    const api::Session session = parsed(body);
    EXPECT_EQ(session.node, "n1");
    EXPECT_EQ(session.name, "");
    EXPECT_EQ(session.behavior, "release");
    EXPECT_EQ(session.ttl, "");
    EXPECT_EQ(session.lock_delay, std::chrono::seconds(15));
    EXPECT_EQ(session.node_checks, std::vector<std::string>{"serfHealth"});
    EXPECT_TRUE(session.service_checks.empty());
  }
}

TEST(ParseSession, trap_9_explicit_empty_or_null_checks_drop_serf_health) {
  using Ids = std::vector<std::string>;
  const struct {
    const char* body;
    Ids checks;
  } cases[] = {
      {R"({"Checks":[]})", {}},
      {R"({"checks":null})", {}},
      {R"({"NodeChecks":[]})", {}},
      {R"({"NodeChecks":null})", {}},
      {R"({"Checks":["serfHealth"]})", {"serfHealth"}},
      {R"({"Checks":["a"]})", {"a", "serfHealth"}},
      {R"({"NodeChecks":["a"]})", {"a"}},
      {R"({"Checks":["a","serfHealth"]})", {"a", "serfHealth"}},
      {R"({"Checks":["a"],"NodeChecks":["b"]})", {"a", "b"}},
      {R"({"Checks":["a"],"NodeChecks":[]})", {}},
      {R"({"Checks":[],"NodeChecks":["b"]})", {}},
  };
  for (const auto& one : cases) EXPECT_EQ(parsed(one.body).node_checks, one.checks) << one.body;
}

TEST(ParseSession, trap_10_small_lock_delays_are_seconds) {
  const struct {
    const char* json;
    Nanos delay;
  } cases[] = {
      {"5", std::chrono::seconds(5)},
      {"0", Nanos(0)},
      {"999", std::chrono::seconds(999)},
      {"1000", Nanos(1000)},
      {"15000000000", std::chrono::seconds(15)},
      {"\"15s\"", std::chrono::seconds(15)},
      {"\"15000ms\"", std::chrono::seconds(15)},
      {"\"0.001s\"", std::chrono::milliseconds(1)},
      {"\"5ns\"", std::chrono::seconds(5)},
      {"1.5", std::chrono::seconds(1)},
      {"null", std::chrono::seconds(15)},
  };
  for (const auto& one : cases) {
    EXPECT_EQ(parsed(std::string("{\"lockdelay\":") + one.json + "}").lock_delay, one.delay)
        << one.json;
  }
}

TEST(ParseSession, takes_the_smallest_lock_delay_as_none) {
  EXPECT_EQ(parsed(R"({"LockDelay":-9223372036854775808})").lock_delay, Nanos(0));
}

// Ansible sends Node: null, Patroni everything in lower case with a fractional TTL.
TEST(ParseSession, reads_what_real_clients_send) {
  const api::Session ansible =
      parsed(R"({"Node":null,"Name":null,"LockDelay":15,"Checks":null,"TTL":"600s"})");
  EXPECT_EQ(ansible.node, "n1");
  EXPECT_EQ(ansible.lock_delay, std::chrono::seconds(15));
  const api::Session patroni = parsed(
      R"({"name":"batman-pg","checks":[],"lockdelay":"0.001s","behavior":"delete","ttl":"15.0s"})");
  EXPECT_EQ(patroni.ttl, "15.0s");
  EXPECT_EQ(patroni.behavior, "delete");
  EXPECT_EQ(patroni.name, "batman-pg");
}

TEST(ParseSession, a_ttl_of_zero_is_none) {
  EXPECT_EQ(parsed(R"({"TTL":"0s"})").ttl, "");
  EXPECT_EQ(parsed(R"({"TTL":""})").ttl, "");
}

TEST(ParseSession, refuses_with_consuls_status_and_text) {
  const struct {
    const char* body;
    const char* answer;
  } cases[] = {
      {R"({"TTL":"5s"})", "500 Invalid Session TTL '5000000000', must be between [10s=24h0m0s]"},
      {R"({"TTL":"25h"})",
       "500 Invalid Session TTL '90000000000000', must be between [10s=24h0m0s]"},
      {R"({"TTL":"x"})", "500 Session TTL 'x' invalid: time: invalid duration \"x\""},
      {R"({"Behavior":"keep"})", "500 Invalid Behavior setting 'keep'"},
      {R"({"LockDelay":"x"})", "400 Request decode failed: time: invalid duration \"x\""},
      {R"({"Checks":"a"})",
       "400 Request decode failed: json: cannot unmarshal string into field Checks of type array"},
      {R"({"TTL":15})",
       "400 Request decode failed: json: cannot unmarshal number 15 into field TTL of type string"},
      {"{", "400 Request decode failed: unexpected EOF"},
      {"[]", "400 Request decode failed: json: cannot unmarshal array into value of type object"},
  };
  for (const auto& one : cases) EXPECT_EQ(refused(one.body), one.answer) << one.body;
}

TEST_F(SessionTest, create_answers_a_lower_case_uuid) {
  const std::string id = create_session(R"({"Name":"x","TTL":"15s","Behavior":"delete"})");
  EXPECT_TRUE(is_uuid(id));
  const Answer info = get("/v1/session/info/" + id);
  EXPECT_EQ(info.body, R"([{"ID":")" + id +
                           R"(","Name":"x","Node":"n1","LockDelay":15000000000,)"
                           R"("Behavior":"delete","TTL":"15s","NodeChecks":["serfHealth"],)"
                           R"("ServiceChecks":null,"CreateIndex":3,"ModifyIndex":3}])");
  EXPECT_EQ(info.index(), 3u);
  EXPECT_EQ(info.header("X-Consul-Effective-Consistency"), "") << "not on sessions";
}

TEST_F(SessionTest, lists_are_never_null) {
  EXPECT_EQ(refusal(get("/v1/session/list")), "200 []");
  EXPECT_EQ(refusal(get("/v1/session/info/nope")), "200 []");
  EXPECT_EQ(refusal(get("/v1/session/node/nope")), "200 []");
  EXPECT_EQ(get("/v1/session/list").index(), 1u);
  const std::string id = create_session();
  EXPECT_TRUE(get("/v1/session/list").body.contains(id));
  EXPECT_TRUE(get("/v1/session/node/N1").body.contains(id)) << "names without case";
}

TEST_F(SessionTest, trap_18_errors_of_sessions_are_500s_with_exact_beginnings) {
  put("/v1/catalog/register",
      R"({"Node":"n2","Address":"a","Check":{"CheckID":"bad","Name":"bad","Status":"critical"}})");
  const struct {
    const char* body;
    const char* answer;
  } cases[] = {
      {R"({"Node":"nope"})", "500 Missing node registration"},
      {R"({"NodeChecks":["nope"]})", "500 Missing check 'nope' registration"},
      {R"({"Node":"n2","NodeChecks":["bad"]})", "500 Check 'bad' is in critical state"},
      {R"({"TTL":"1s"})", "500 Invalid Session TTL '1000000000', must be between [10s=24h0m0s]"},
  };
  for (const auto& one : cases) {
    EXPECT_EQ(refusal(put("/v1/session/create", one.body)), one.answer) << one.body;
  }
  EXPECT_EQ(refusal(put("/v1/session/create?dc=elsewhere")), "500 No path to datacenter");
}

TEST_F(SessionTest, destroy_is_true_also_for_the_unknown) {
  const std::string id = create_session();
  EXPECT_EQ(refusal(put("/v1/session/destroy/" + id, "ignored")), "200 true");
  EXPECT_EQ(get("/v1/session/info/" + id).body, "[]");
  EXPECT_EQ(refusal(put("/v1/session/destroy/" + id)), "200 true");
}

TEST_F(SessionTest, renew_answers_the_session_or_404) {
  const std::string id = create_session();
  renewable() = {id};
  const Answer renewed = put("/v1/session/renew/" + id);
  EXPECT_EQ(renewed.status, 200);
  EXPECT_EQ(renewed.body, get("/v1/session/info/" + id).body);
  EXPECT_EQ(refusal(put("/v1/session/renew/nope")), "404 Session id 'nope' not found");
}

TEST_F(SessionTest, missing_ids_are_400s) {
  EXPECT_EQ(refusal(put("/v1/session/destroy/")), "400 Missing session");
  EXPECT_EQ(refusal(put("/v1/session/renew/")), "400 Missing session");
  EXPECT_EQ(refusal(get("/v1/session/info/")), "400 Missing session");
  EXPECT_EQ(refusal(get("/v1/session/node/")), "400 Missing node name");
}

TEST_F(SessionTest, without_a_leader_nothing_is_created) {
  replica_.refuse = Error{ErrorCode::no_leader, "No cluster leader"};
  EXPECT_EQ(refusal(put("/v1/session/create")), "500 No cluster leader");
}

TEST_F(SessionTest, session_lists_can_be_waited_for) {
  auto waiting = wait_for("/v1/session/list?index=3");
  create_session();
  settle();
  EXPECT_FALSE(waiting->answer.has_value()) << "index 3 is not above 3";
  create_session();
  settle();
  ASSERT_TRUE(waiting->answer.has_value());
  EXPECT_EQ(waiting->answer->index(), 4u);
}

// Contract 5.3: a check that turns critical ends the sessions that name it.
TEST_F(SessionTest, a_critical_check_ends_its_sessions) {
  const std::string tied = create_session();
  const std::string free = create_session(R"({"Checks":[]})");
  put("/v1/catalog/register",
      R"({"Node":"n1","Address":"10.0.0.1","Check":{"CheckID":"serfHealth","Name":"x",)"
      R"("Status":"critical"}})");
  EXPECT_EQ(get("/v1/session/info/" + tied).body, "[]");
  EXPECT_NE(get("/v1/session/info/" + free).body, "[]");
}

}  // namespace
}  // namespace conclave::daemon
