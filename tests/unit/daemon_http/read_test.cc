// What all reads share. Oracle: contract sections 1.3, 1.5, 2.1, 2.2, 20 (traps).
#include "tests/unit/daemon_http/server_fixture.h"

namespace conclave::daemon {
namespace {

using ReadTest = ServerTest;

TEST_F(ReadTest, consistency_modes_are_asked_for_and_shown) {
  const struct {
    const char* parameters;
    Consistency asked;
    const char* shown;
  } cases[] = {
      {"", Consistency::standard, "leader"},
      {"?leader", Consistency::standard, "leader"},
      {"?stale", Consistency::stale, "stale"},
      {"?stale=", Consistency::stale, "stale"},
      {"?consistent=1", Consistency::consistent, "consistent"},
  };
  for (const auto& one : cases) {
    replica_.asked.clear();
    const Answer answer = get(std::string("/v1/catalog/nodes") + one.parameters);
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(replica_.asked, std::vector{one.asked}) << one.parameters;
    EXPECT_EQ(answer.header("X-Consul-Effective-Consistency"), one.shown) << one.parameters;
  }
}

TEST_F(ReadTest, stale_works_without_a_leader_and_says_so) {
  replica_.refuse = Error{ErrorCode::no_leader, "No cluster leader"};
  replica_.stale_age_ms = 1500;
  const Answer answer = get("/v1/catalog/nodes?stale");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("X-Consul-KnownLeader"), "false");
  EXPECT_EQ(answer.header("X-Consul-LastContact"), "1500");
}

TEST_F(ReadTest, max_stale_is_redone_in_default_mode_when_too_old) {
  replica_.stale_age_ms = 1500;
  const Answer fresh_enough = get("/v1/catalog/nodes?max_stale=2s");
  EXPECT_EQ(fresh_enough.header("X-Consul-Effective-Consistency"), "stale");
  EXPECT_EQ(fresh_enough.header("X-Consul-LastContact"), "1500");
  const Answer redone = get("/v1/catalog/nodes?max_stale=1s");
  EXPECT_EQ(redone.header("X-Consul-Effective-Consistency"), "leader");
  EXPECT_EQ(redone.header("X-Consul-LastContact"), "0");
}

TEST_F(ReadTest, cached_reads_are_a_miss_once_and_then_a_hit_of_some_age) {
  for (const char* target : {"/v1/catalog/services?", "/v1/health/service/web?passing&"}) {
    const std::string cached = std::string(target) + "cached";
    replica_.stale_age_ms = 2500;
    replica_.asked.clear();
    const Answer miss = get(cached);
    EXPECT_EQ(miss.header("X-Cache"), "MISS") << target;
    EXPECT_EQ(miss.header("Age"), "");
    EXPECT_EQ(replica_.asked, std::vector{Consistency::standard});
    const Answer hit = get(cached + "=1");
    EXPECT_EQ(hit.header("X-Cache"), "HIT");
    EXPECT_EQ(hit.header("Age"), "2");
    EXPECT_EQ(hit.body, miss.body);
    EXPECT_EQ(replica_.asked.back(), Consistency::stale);
    EXPECT_EQ(get(target).header("X-Cache"), "");
    EXPECT_EQ(get(cached + "&tag=x").header("X-Cache"), "MISS") << "another question";
  }
  EXPECT_EQ(get("/v1/kv/?keys&cached").header("X-Cache"), "") << "keys are not kept";
}

TEST_F(ReadTest, cache_control_says_how_old_an_answer_may_be) {
  const auto ask = [&](std::string control) {
    return call(api::Method::get, "/v1/catalog/nodes?cached", "",
                {{"cache-control", std::move(control)}});
  };
  replica_.stale_age_ms = 2500;
  EXPECT_EQ(ask("").header("X-Cache"), "MISS");
  EXPECT_EQ(ask("max-age=3").header("X-Cache"), "HIT");
  EXPECT_EQ(ask("max-age=2").header("X-Cache"), "MISS");
  EXPECT_EQ(ask("Max-Age=0").header("X-Cache"), "MISS");
  EXPECT_EQ(ask("must-revalidate, max-age=9").header("X-Cache"), "MISS");
  EXPECT_EQ(ask("no-cache").header("X-Cache"), "HIT") << "not a word that Consul knows";
  for (const char* bad : {"max-age=x", "stale-if-error=", "max-age=1.5"}) {
    EXPECT_EQ(refusal(ask(bad)), "400 Invalid Cache-Control header.") << bad;
  }
}

TEST_F(ReadTest, only_the_most_recently_asked_are_remembered) {
  CachedReads reads;
  EXPECT_FALSE(reads.note("first"));
  EXPECT_TRUE(reads.note("first"));
  for (std::size_t i = 1; i < CachedReads::capacity; ++i) reads.note(std::to_string(i));
  EXPECT_TRUE(reads.note("first"));
  EXPECT_FALSE(reads.note("one more"));
  EXPECT_TRUE(reads.note("first"));
  EXPECT_FALSE(reads.note("1"));
}

TEST_F(ReadTest, bad_parameters_have_consuls_status_and_text) {
  const struct {
    const char* parameters;
    const char* answer;
  } cases[] = {
      {"stale&consistent", "400 Cannot specify ?stale with ?consistent, conflicting semantics."},
      {"cached&consistent", "400 Cannot specify ?cached with ?consistent, conflicting semantics."},
      {"max_stale=x", "400 Invalid max_stale value \"x\""},
      {"index=-1", "400 Invalid index"},
      {"index=1&wait=x", "400 Invalid wait time"},
      {"dc=elsewhere", "500 No path to datacenter"},
      {"ns=team",
       "400 Invalid query parameter: \"ns\" - Namespaces are a Consul Enterprise feature"},
      {"partition=p",
       "400 Invalid query parameter: \"partition\" - Partitions are a Consul Enterprise feature"},
  };
  for (const auto& one : cases) {
    for (const char* path :
         {"/v1/kv/k?", "/v1/catalog/nodes?", "/v1/session/list?", "/v1/health/state/any?"}) {
      EXPECT_EQ(refusal(get(std::string(path) + one.parameters)), one.answer) << path;
    }
  }
}

TEST_F(ReadTest, harmless_scopes_are_accepted) {
  EXPECT_EQ(get("/v1/catalog/nodes?dc=dc1&ns=default&partition=*&filter=").status, 200);
  EXPECT_EQ(get("/v1/catalog/nodes?dc=&ns=").status, 200);
}

TEST_F(ReadTest, a_namespace_header_is_refused) {
  const std::vector<api::Header> headers = {{"x-consul-namespace", "team"}};
  EXPECT_EQ(refusal(call(api::Method::get, "/v1/kv/k", "", headers)),
            "400 Invalid header: \"X-Consul-Namespace\" - Namespaces are a Consul Enterprise "
            "feature");
}

TEST_F(ReadTest, trap_22_and_24_pretty_counts_even_when_empty) {
  EXPECT_EQ(get("/v1/catalog/datacenters?pretty").body, "[\n    \"dc1\"\n]\n");
  EXPECT_EQ(get("/v1/catalog/datacenters").body, "[\"dc1\"]");
}

TEST_F(ReadTest, an_older_index_is_answered_at_once) {
  put("/v1/kv/k", "1");
  EXPECT_EQ(get("/v1/kv/k?index=2").status, 200);
  EXPECT_EQ(get("/v1/kv/k?index=0&wait=1h").status, 200);
}

TEST_F(ReadTest, a_waiting_read_is_answered_by_a_change) {
  put("/v1/kv/k", "1");
  auto waiting = wait_for("/v1/kv/k?index=3");
  put("/v1/kv/other", "x");
  settle();
  EXPECT_FALSE(waiting->answer.has_value());
  put("/v1/kv/k", "2");
  settle();
  ASSERT_TRUE(waiting->answer.has_value());
  EXPECT_EQ(waiting->answer->status, 200);
  EXPECT_EQ(waiting->answer->index(), 5u);
  EXPECT_TRUE(waiting->answer->body.contains(R"("Value":"Mg==")"));
  EXPECT_EQ(waiting->answer->header("X-Consul-KnownLeader"), "true");
}

TEST_F(ReadTest, trap_14_a_missing_key_that_is_waited_for_ignores_other_writes) {
  put("/v1/kv/other", "1");
  auto waiting = wait_for("/v1/kv/missing?index=3");
  put("/v1/kv/other", "2");
  settle();
  EXPECT_FALSE(waiting->answer.has_value());
  put("/v1/kv/missing", "here");
  settle();
  ASSERT_TRUE(waiting->answer.has_value());
  EXPECT_EQ(waiting->answer->status, 200);
}

TEST_F(ReadTest, a_waiter_sees_its_key_deleted) {
  put("/v1/kv/k", "1");
  auto waiting = wait_for("/v1/kv/k?index=3");
  del("/v1/kv/k");
  settle();
  ASSERT_TRUE(waiting->answer.has_value());
  EXPECT_EQ(waiting->answer->status, 404);
  EXPECT_EQ(waiting->answer->index(), 4u);
}

TEST_F(ReadTest, trap_6_a_prefix_waiter_sees_a_deleted_child) {
  put("/v1/kv/p/a", "1");
  put("/v1/kv/p/b", "1");
  auto waiting = wait_for("/v1/kv/p/?recurse&index=4");
  put("/v1/kv/q", "1");
  settle();
  EXPECT_FALSE(waiting->answer.has_value());
  del("/v1/kv/p/b");
  settle();
  ASSERT_TRUE(waiting->answer.has_value());
  EXPECT_EQ(waiting->answer->index(), 6u);
}

TEST_F(ReadTest, a_future_index_waits_until_it_is_passed) {
  put("/v1/kv/k", "1");
  auto waiting = wait_for("/v1/kv/k?index=4");
  put("/v1/kv/k", "2");
  settle();
  EXPECT_FALSE(waiting->answer.has_value()) << "index 4 is not above 4";
  put("/v1/kv/k", "3");
  settle();
  EXPECT_TRUE(waiting->answer.has_value());
}

TEST_F(ReadTest, a_write_that_changes_nothing_wakes_nobody) {
  put("/v1/kv/k", "1");
  auto waiting = wait_for("/v1/kv/k?index=3");
  put("/v1/kv/k", "1");
  settle();
  EXPECT_FALSE(waiting->answer.has_value());
}

TEST_F(ReadTest, waiters_for_services_are_woken_by_what_concerns_them) {
  register_service("n1", "web", "web");
  auto web = wait_for("/v1/health/service/web?index=3");
  auto nodes = wait_for("/v1/catalog/nodes?index=3");
  auto state = wait_for("/v1/health/state/any?index=3");
  register_service("n2", "db", "db");
  settle();
  EXPECT_FALSE(web->answer.has_value());
  ASSERT_TRUE(nodes->answer.has_value());
  EXPECT_EQ(nodes->answer->header("X-Consul-Effective-Consistency"), "leader");
  EXPECT_FALSE(state->answer.has_value());
  put("/v1/catalog/register",
      R"({"Node":"n1","Address":"10.0.0.9","SkipNodeUpdate":true,"Check":{"CheckID":"serfHealth",)"
      R"("Name":"Serf Health Status","Status":"critical"}})");
  settle();
  ASSERT_TRUE(web->answer.has_value()) << "a node's check concerns its services";
  EXPECT_EQ(web->answer->header("X-Consul-Query-Backend"), "blocking-query");
  EXPECT_TRUE(web->answer->body.contains(R"("Status":"critical")"));
  EXPECT_TRUE(state->answer.has_value());
}

}  // namespace
}  // namespace conclave::daemon
