// Oracle: contract section 11 (user events), trap 29.
#include "api/model/event.h"
#include "api/codec/reader.h"
#include "daemon/state/state_machine.h"
#include "tests/unit/daemon_http/server_fixture.h"

namespace conclave::daemon {
namespace {

class EventTest : public ServerTest {
 protected:
  api::UserEvent fire(std::string_view name, std::string payload = {}) {
    const Answer answer = put("/v1/event/fire/" + std::string(name), std::move(payload));
    EXPECT_EQ(answer.status, 200) << answer.body;
    return *api::decode_body<api::UserEvent>(answer.body);
  }
  std::vector<std::string> names(std::string_view target = "/v1/event/list") {
    std::vector<std::string> found;
    const auto events = api::decode_body<std::vector<api::UserEvent>>(get(target).body);
    for (const api::UserEvent& event : *events) found.push_back(event.name);
    return found;
  }
};

TEST_F(EventTest, fired_is_answered_with_its_id_and_listed_with_its_time) {
  const Answer fired = put("/v1/event/fire/deploy", "2.4");
  const auto event = *api::decode_body<api::UserEvent>(fired.body);
  EXPECT_EQ(fired.body, R"({"ID":")" + event.id +
                            R"(","Name":"deploy","Payload":"Mi40","NodeFilter":"",)"
                            R"("ServiceFilter":"","TagFilter":"","Version":1,"LTime":0})");
  const Answer list = get("/v1/event/list");
  EXPECT_EQ(list.body, R"([{"ID":")" + event.id +
                           R"(","Name":"deploy","Payload":"Mi40","NodeFilter":"",)"
                           R"("ServiceFilter":"","TagFilter":"","Version":1,"LTime":3}])");
  EXPECT_EQ(list.index(), api::event_index(event.id));
  EXPECT_NE(put("/v1/event/fire/empty").body.find(R"("Payload":null)"), std::string::npos);
}

TEST_F(EventTest, none_is_an_empty_list_with_index_1) {
  const Answer list = get("/v1/event/list");
  EXPECT_EQ(list.body, "[]");
  EXPECT_EQ(list.index(), 1u);
}

TEST(EventIndex, is_both_halves_of_the_uuid_xored) {
  EXPECT_EQ(api::event_index("00000000-0000-0001-0000-000000000003"), 2u);
  EXPECT_EQ(api::event_index("f0000000-0000-0000-0000-000000000001"), 0xf000000000000001u);
  EXPECT_EQ(api::event_index("no uuid"), 0u);
}

TEST_F(EventTest, the_last_256_are_kept_oldest_first) {
  for (int i = 0; i < 300; ++i) fire("e" + std::to_string(i));
  const auto kept = names();
  ASSERT_EQ(kept.size(), 256u);
  EXPECT_EQ(kept.front(), "e44");
  EXPECT_EQ(kept.back(), "e299");
}

TEST_F(EventTest, a_list_may_be_of_one_name) {
  fire("a");
  const api::UserEvent b = fire("b");
  fire("a");
  EXPECT_EQ(names("/v1/event/list?name=b"), (std::vector<std::string>{"b"}));
  EXPECT_EQ(get("/v1/event/list?name=b").index(), api::event_index(b.id));
  EXPECT_EQ(get("/v1/event/list?name=c").index(), 1u);
}

TEST_F(EventTest, filters_choose_the_agents_it_is_for) {
  register_service("n1", "w1", "web", R"(,"Tags":["canary"])");
  fire("all");
  fire("here?node=n1");
  fire("elsewhere?node=other");
  fire("web?service=^web$");
  fire("db?service=db");
  fire("canary?service=web&tag=can.ry");
  fire("blue?service=web&tag=blue");
  EXPECT_EQ(names(), (std::vector<std::string>{"all", "here", "web", "canary"}));
}

TEST_F(EventTest, what_cannot_be_fired_is_refused) {
  EXPECT_EQ(refusal(put("/v1/event/fire/")), "400 Missing name");
  EXPECT_EQ(refusal(put("/v1/event/fire/x?tag=a")),
            "500 Cannot provide tag filter without service filter");
  EXPECT_TRUE(refusal(put("/v1/event/fire/x?node=(")).starts_with("500 Invalid node filter: "));
  EXPECT_EQ(refusal(put("/v1/event/fire/x", std::string(512, 'x'))),
            "500 user event exceeds configured limit of 512 bytes before encoding");
  EXPECT_EQ(get("/v1/event/list").body, "[]");
}

TEST_F(EventTest, a_repetition_under_its_request_id_fires_nothing) {
  const auto fire_it = [&] {
    return call(api::Method::put, "/v1/event/fire/deploy", "2.4",
                {{"x-conclave-request-id", "deploy-1"}})
        .body;
  };
  EXPECT_EQ(fire_it(), fire_it());
  EXPECT_EQ(names().size(), 1u);
}

TEST_F(EventTest, trap_29_any_other_index_is_an_answer) {
  const std::uint64_t first = api::event_index(fire("a").id);
  // Larger or smaller says nothing.
  EXPECT_EQ(get("/v1/event/list?index=1").index(), first);
  EXPECT_EQ(get("/v1/event/list?index=18446744073709551615").index(), first);
  auto waiting = wait_for("/v1/event/list?index=" + std::to_string(first));
  put("/v1/kv/unrelated", "x");
  settle();
  EXPECT_FALSE(waiting->answer);
  const std::uint64_t second = api::event_index(fire("b").id);
  settle();
  ASSERT_TRUE(waiting->answer);
  EXPECT_EQ(waiting->answer->index(), second);
}

TEST_F(EventTest, a_wait_for_another_name_goes_on) {
  const std::uint64_t first = api::event_index(fire("a").id);
  auto waiting = wait_for("/v1/event/list?name=a&index=" + std::to_string(first));
  fire("b");
  settle();
  EXPECT_FALSE(waiting->answer);
  fire("a");
  settle();
  EXPECT_TRUE(waiting->answer);
}

}  // namespace
}  // namespace conclave::daemon
