// What `lock` and `watch` decide without an agent; tests/cluster has the rest.

#include "api/codec/writer.h"
#include "api/model/event.h"
#include "cli/commands/agent_tasks.h"
#include "cli/commands/child_command.h"
#include "cli/commands/watch.h"
#include "cli/commands/watch_types.h"
#include "tests/unit/cli_commands/shell.h"

namespace conclave::cli {
namespace {

using LockWatch = Shell;

struct Refusal {
  Arguments arguments;
  std::string sentence;
};

TEST_F(LockWatch, lock_refuses_what_makes_no_sense_before_it_asks_anybody) {
  const Refusal cases[] = {
      {{"lock", "p"}, "Key prefix and child command must be specified\n"},
      {{"lock", "-n=0", "p", "true"}, "Lock holder limit must be positive\n"},
      {{"lock", "-n=x", "p", "true"}, "Lock holder limit must be positive\n"},
      {{"lock", "-timeout=-1s", "p", "true"}, "Timeout must be positive\n"},
      {{"lock", "-timeout=5", "p", "true"}, "time: missing unit in duration \"5\"\n"},
      {{"lock", "-monitor-retry=-1", "p", "true"}, "-monitor-retry must be a number from 0\n"},
  };
  for (const Refusal& one : cases) {
    EXPECT_EQ(run(one.arguments), 1);
    EXPECT_EQ(err(), one.sentence);
  }
  EXPECT_TRUE(all_asked_.empty());
}

TEST_F(LockWatch, watch_refuses_what_makes_no_sense_before_it_asks_anybody) {
  const Refusal cases[] = {
      {{"watch", "-type=keys"}, "Unsupported watch type: keys\n"},
      {{"watch", "-type=key"}, "Must specify a single key to watch\n"},
      {{"watch", "-type=keyprefix"}, "Must specify a single prefix to watch\n"},
      {{"watch", "-type=service"}, "Must specify a single service to watch\n"},
      {{"watch", "-type=nodes", "-key=x"}, "Invalid parameters: [key]\n"},
      {{"watch", "-type=checks", "-service=a", "-state=any"}, "Cannot specify service and state\n"},
      {{"watch", "-type=service", "-service=a", "-passingonly=maybe"},
       "passingonly must be true or false, not maybe\n"},
  };
  for (const Refusal& one : cases) {
    EXPECT_EQ(run(one.arguments), 1);
    EXPECT_EQ(err(), one.sentence);
  }
  EXPECT_EQ(run({"watch"}), 1);
  EXPECT_TRUE(err().starts_with("Watch type must be specified\n\nUsage: ")) << err();
  EXPECT_TRUE(all_asked_.empty());
}

TEST_F(LockWatch, an_agent_that_cannot_be_reached_is_said_at_once) {
  answer_ = fail(ErrorCode::io, "connection refused");
  EXPECT_EQ(run({"lock", "p", "true"}), 1);
  EXPECT_EQ(err(), "Error querying Consul agent: connection refused\n");
  EXPECT_EQ(run({"watch", "-type=nodes"}), 1);
  EXPECT_EQ(err(), "Error querying Consul agent: connection refused\n");
}

struct PlanCase {
  std::vector<std::string> flags;
  std::string url;
  bool exists;
  std::string body;
  std::string json;
};

constexpr const char* pair =
    R"([{"LockIndex":1,"Key":"a","Flags":2,"Value":"dg==","Session":"s","CreateIndex":3,
         "ModifyIndex":4}])";
constexpr const char* shown =
    R"({"Key":"a","CreateIndex":3,"ModifyIndex":4,"LockIndex":1,"Flags":2,"Value":"dg==",)"
    R"("Session":"s"})";

std::string url_of(const WatchQuery& plan) {
  std::string url = plan.path;
  for (const auto& one : plan.query) {
    url += "&" + one.name + (one.bare ? "" : "=" + one.value);
  }
  return url;
}

TEST(WatchTypes, ask_and_show_as_consuls_tool_does) {
  const PlanCase cases[] = {
      {{"-type=key", "-key=/a"}, "/v1/kv/a", true, pair, shown},
      {{"-type=key", "-key=a"}, "/v1/kv/a", false, "", "null"},
      {{"-type=keyprefix", "-prefix=a/"},
       "/v1/kv/a/&recurse",
       true,
       pair,
       "[" + std::string(shown) + "]"},
      {{"-type=keyprefix", "-prefix="}, "/v1/kv/&recurse", false, "", "null"},
      {{"-type=services"}, "/v1/catalog/services", true, "{\n \"web\": []}", R"({"web":[]})"},
      {{"-type=nodes"}, "/v1/catalog/nodes", true, "[]", "[]"},
      {{"-type=service", "-service=web", "-tag=a", "-tag=b", "-passingonly=true"},
       "/v1/health/service/web&tag=a&tag=b&passing",
       true,
       "[]",
       "[]"},
      {{"-type=checks"}, "/v1/health/state/any", true, "[]", "[]"},
      {{"-type=checks", "-state=critical"}, "/v1/health/state/critical", true, "[]", "[]"},
      {{"-type=checks", "-service=web"}, "/v1/health/checks/web", true, "[]", "[]"},
      {{"-type=event"}, "/v1/event/list", true, "[]", "[]"},
      {{"-type=event", "-name=deploy"}, "/v1/event/list&name=deploy", true, "[]", "[]"},
  };
  const std::vector<FlagSpec> specs = {
      {"type", false},    {"key", false},         {"prefix", false},
      {"service", false}, {"tag", false},         {"state", false},
      {"filter", false},  {"passingonly", false}, {"name", false}};
  for (const PlanCase& one : cases) {
    const auto flags = parse_flags(specs, one.flags);
    ASSERT_TRUE(flags.has_value());
    const auto plan = plan_watch(*flags);
    ASSERT_TRUE(plan.has_value()) << plan.error().message;
    EXPECT_EQ(url_of(*plan), one.url);
    EXPECT_EQ(plan->shape(one.exists, one.body), one.json);
  }
}

TEST(WatchEvents, are_given_once) {
  const auto list = [](const std::vector<std::string>& ids) {
    std::vector<api::UserEvent> events;
    for (const std::string& id : ids) events.push_back({.id = id, .name = "n"});
    return api::to_json(events);
  };
  std::set<std::string> seen;
  EXPECT_EQ(unseen_events("[]", &seen), "[]");
  EXPECT_EQ(unseen_events(list({"a", "b"}), &seen), list({"a", "b"}));
  EXPECT_EQ(unseen_events(list({"b", "c"}), &seen), list({"c"}));
  EXPECT_EQ(unseen_events(list({"a", "b"}), &seen), "[]");
  std::vector<std::string> many;
  for (int i = 0; i < 2000; ++i) many.push_back(std::to_string(i));
  EXPECT_EQ(unseen_events(list(many), &seen), list(many));
  EXPECT_EQ(unseen_events(list({"x"}), &seen), list({"x"}));
  EXPECT_EQ(seen.size(), 1u);
  EXPECT_FALSE(unseen_events("nonsense", &seen));
}

TEST(WatchIndex, that_went_back_begins_anew) {
  EXPECT_EQ(next_watch_index(0, 5), 5u);
  EXPECT_EQ(next_watch_index(5, 5), 5u);
  EXPECT_EQ(next_watch_index(5, 9), 9u);
  EXPECT_EQ(next_watch_index(9, 5), 0u);
}

TEST(WatchRetry, waits_longer_each_time_up_to_three_minutes) {
  EXPECT_EQ(watch_retry_pause(1), std::chrono::seconds(5));
  EXPECT_EQ(watch_retry_pause(2), std::chrono::seconds(20));
  EXPECT_EQ(watch_retry_pause(3), std::chrono::seconds(45));
  EXPECT_EQ(watch_retry_pause(7), std::chrono::minutes(3));
  EXPECT_EQ(watch_retry_pause(~std::uint64_t{0}), std::chrono::minutes(3));
}

TEST_F(LockWatch, the_shell_is_the_users_own) {
  std::istringstream in;
  std::ostringstream out;
  const auto given = [](std::string_view) { return std::optional<std::string>("/bin/zsh"); };
  const auto none = [](std::string_view) { return std::optional<std::string>(); };
  const Terminal with{in, out, out, given, {}};
  const Terminal without{in, out, out, none, {}};
  const std::vector<std::string> words = {"echo", "$HOME", "|", "cat"};
  EXPECT_EQ(child_argv(words, true, with),
            (std::vector<std::string>{"/bin/zsh", "-c", "echo $HOME | cat"}));
  EXPECT_EQ(child_argv(words, true, without)[0], "/bin/sh");
  EXPECT_EQ(child_argv(words, false, with), words);
}

TEST(ChildEnd, is_described_in_gos_words) {
  EXPECT_EQ(describe_end({.exit_code = 0}), "");
  EXPECT_EQ(describe_end({.exit_code = 3}), "exit status 3");
  EXPECT_EQ(describe_end({.exit_code = 137, .signal = 9}), "signal: killed");
}

TEST(AgentTasks, what_may_pass_by_itself) {
  EXPECT_TRUE(may_pass({ErrorCode::io, ""}));
  EXPECT_TRUE(may_pass({ErrorCode::unavailable, ""}));
  EXPECT_FALSE(may_pass({ErrorCode::failed, ""}));
}

}  // namespace
}  // namespace conclave::cli
