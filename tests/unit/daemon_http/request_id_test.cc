// X-Conclave-Request-Id on every endpoint that writes: done once, answered the same
// (docs/http-extensions.md; invariant 24).

#include "tests/unit/daemon_http/server_fixture.h"

namespace conclave::daemon {
namespace {

using api::Method;

api::Header id(std::string value) { return {"x-conclave-request-id", std::move(value)}; }

TEST_F(ServerTest, a_repeated_write_is_done_once_and_answered_the_same) {
  struct Case {
    Method method;
    const char* target;
    const char* body;
  };
  const Case cases[] = {
      {Method::put, "/v1/kv/a", "1"},
      {Method::put, "/v1/kv/a?cas=1", "2"},  // false, twice
      {Method::del, "/v1/kv/a", ""},
      {Method::put, "/v1/txn", R"([{"KV":{"Verb":"set","Key":"t","Value":"eA=="}}])"},
      {Method::put, "/v1/session/create", R"({"Name":"n"})"},
      {Method::put, "/v1/catalog/register", R"({"Node":"n2","Address":"10.0.0.2"})"},
      {Method::put, "/v1/catalog/deregister", R"({"Node":"n2"})"},
      {Method::put, "/v1/event/fire/deploy", "2.4"},
      {Method::post, "/v1/query", R"({"Name":"q","Service":{"Service":"web"}})"},
  };
  int number = 0;
  for (const Case& c : cases) {
    SCOPED_TRACE(c.target);
    const std::string request_id = "request " + std::to_string(++number);
    const Answer first = call(c.method, c.target, c.body, {id(request_id)});
    EXPECT_EQ(first.status, 200) << first.body;
    const std::uint64_t revision = stored_revision(rows_);
    const Answer again = call(c.method, c.target, c.body, {id(request_id)});
    EXPECT_EQ(again.status, 200);
    EXPECT_EQ(again.body, first.body);
    EXPECT_EQ(again.header("X-Conclave-Fence"), first.header("X-Conclave-Fence"));
    EXPECT_EQ(stored_revision(rows_), revision);
  }
}

TEST_F(ServerTest, a_repeated_acquire_has_the_same_fence) {
  const std::string session = create_session();
  const std::string target = "/v1/kv/lock?acquire=" + session;
  const Answer first = call(Method::put, target, "x", {id("acquire")});
  const Answer again = call(Method::put, target, "x", {id("acquire")});
  EXPECT_EQ(first.body, "true");
  EXPECT_EQ(again.body, "true");
  EXPECT_NE(first.header("X-Conclave-Fence"), "");
  EXPECT_EQ(again.header("X-Conclave-Fence"), first.header("X-Conclave-Fence"));
}

TEST_F(ServerTest, a_repeated_destroy_ends_one_session) {
  const std::string session = create_session();
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(call(Method::put, "/v1/session/destroy/" + session, "", {id("destroy")}).body,
              "true");
  }
}

TEST_F(ServerTest, writes_under_other_ids_or_none_are_other_writes) {
  EXPECT_EQ(call(Method::put, "/v1/kv/a", "1", {id("one")}).status, 200);
  EXPECT_EQ(call(Method::put, "/v1/kv/a", "2", {id("two")}).status, 200);
  EXPECT_EQ(put("/v1/kv/a", "3").status, 200);
  EXPECT_EQ(get("/v1/kv/a?raw").body, "3");
  EXPECT_EQ(stored_revision(rows_), 5U);
}

TEST_F(ServerTest, an_id_that_cannot_be_is_a_bad_request) {
  const std::string text =
      "Invalid header: \"X-Conclave-Request-Id\" must be given once, with 1 to 128 printable ASCII "
      "characters";
  const std::uint64_t before = stored_revision(rows_);
  for (const std::string& value :
       {std::string(), std::string(129, 'x'), std::string("a\tb"), std::string("\xc3\xa4")}) {
    for (const char* target : {"/v1/kv/a", "/v1/session/create", "/v1/session/destroy/s"}) {
      const Answer answer = call(Method::put, target, "", {id(value)});
      EXPECT_EQ(refusal(answer), "400 " + text) << target;
    }
  }
  EXPECT_EQ(refusal(call(Method::del, "/v1/kv/a", "", {id("a"), id("b")})), "400 " + text);
  EXPECT_EQ(stored_revision(rows_), before);
  EXPECT_EQ(call(Method::put, "/v1/kv/a", "", {id(std::string(128, '~'))}).status, 200);
}

}  // namespace
}  // namespace conclave::daemon
