/// Who is woken, and who is not (contract 2.2).

#include "daemon/watch/hub.h"

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <map>

#include "base/run/clock.h"
#include "daemon/store/memory_rows.h"

namespace conclave::daemon {
namespace {

using namespace std::chrono_literals;

class MemoryReader final : public Reader {
 public:
  explicit MemoryReader(const MemoryRows& rows) : rows_(rows) {}
  ReadSnapshot open() override {
    ++opened;
    return ReadSnapshot(std::make_unique<View>(rows_));
  }
  int opened = 0;

 private:
  class View final : public ReadSnapshot::Impl {
   public:
    explicit View(const MemoryRows& rows) : rows_(rows) {}
    const ReadRows& rows() const override { return rows_; }
    AppliedPosition applied() const override { return {}; }

   private:
    const MemoryRows& rows_;
  };
  const MemoryRows& rows_;
};

/// Keys whose rows are their own modify index, and one row "max".
class Watching : public testing::Test {
 protected:
  /// Writes keys and publishes them, as apply does.
  void write(std::vector<std::string> keys) {
    ++revision_;
    ChangeSet changes;
    changes.revision = revision_;
    for (const std::string& key : keys) {
      rows.put(key, std::to_string(revision_));
      changes.topics.push_back({TopicKind::key, key});
    }
    rows.put("max", std::to_string(revision_));
    hub->publish(changes);
  }
  void erase(const std::string& key) {
    ++revision_;
    rows.erase(key);
    rows.put("max", std::to_string(revision_));
    hub->publish({.revision = revision_, .topics = {{TopicKind::key, key}}});
  }

  Evaluation read(const ReadRows& from, const std::string& key, ListOutput& output) {
    ++evaluations;
    const auto row = from.get(key);
    Evaluation result;
    result.found = row.has_value();
    result.status = row ? 200 : 404;
    result.index = std::stoull(std::string(row ? *row : *from.get("max")));
    output.text() = row.value_or("");
    return result;
  }

  std::unique_ptr<api::Parked> park(Interest interest, const std::string& key, std::uint64_t index,
                                    Nanos wait = 1h) {
    BlockingQuery query;
    query.identity = "kv " + key;
    query.interest = std::move(interest);
    query.evaluate = [this, key](const ReadRows& from, ListOutput& output) {
      return read(from, key, output);
    };
    const auto row = rows.get(key);
    const WatchHub::Seen seen{.index = std::stoull(std::string(row ? *row : *rows.get("max"))),
                              .found = row.has_value()};
    return hub->park(std::move(query), index, seen, system_clock().boot_now() + wait, show_index);
  }
  std::unique_ptr<api::Parked> wait_for(const std::string& key, std::uint64_t index,
                                        const std::string& name, Nanos wait = 1h) {
    auto parked = park({.topics = {{TopicKind::key, key}}, .key_prefixes = {}}, key, index, wait);
    start(*parked, name);
    return parked;
  }
  std::unique_ptr<api::Parked> join(const std::string& key, std::uint64_t index) {
    return hub->join("kv " + key, index, system_clock().boot_now() + 1h, show_index);
  }
  void start(api::Parked& parked, const std::string& name) {
    parked.start([this, name](api::Response response) {
      const std::string body = *std::get<api::SharedBody>(response.body);
      answers[name] =
          std::to_string(response.status) + " " + body + " index " + response.headers.at(0).value;
    });
  }
  static void show_index(api::Response& response, const Evaluation& evaluation) {
    response.set_header("X-Consul-Index", std::to_string(evaluation.index));
  }
  void settle() { loop.run_ready(); }

  Loop loop{"watch-test"};
  Metrics metrics;
  MemoryRows rows;
  MemoryReader reader{rows};
  /// The steps of LargeReads, taken when the test wants to.
  std::deque<std::function<void()>> steps;
  LargeReads large{{.spool = {.directory = testing::TempDir(), .free_bytes_min = 0}},
                   metrics,
                   [this](std::function<void()> step) { steps.push_back(std::move(step)); }};
  std::unique_ptr<WatchHub> hub = std::make_unique<WatchHub>(loop, reader, large, metrics);
  std::map<std::string, std::string> answers;
  int evaluations = 0;

 private:
  std::uint64_t revision_ = 1;
};

TEST_F(Watching, a_key_wakes_those_who_wait_for_it_and_nobody_else) {
  write({"a", "b"});  // 2
  const auto a = wait_for("a", 2, "a");
  const auto b = wait_for("b", 2, "b");
  write({"a"});
  settle();
  EXPECT_EQ(answers, (std::map<std::string, std::string>{{"a", "200 3 index 3"}}));
  EXPECT_EQ(evaluations, 1);
}

TEST_F(Watching, identical_queries_are_evaluated_once_and_share_the_body) {
  write({"a"});
  std::vector<std::unique_ptr<api::Parked>> parked;
  for (int i = 0; i < 1000; ++i) parked.push_back(wait_for("a", 2, std::to_string(i)));
  EXPECT_EQ(hub->waiters(), 1000u);
  write({"a"});
  settle();
  EXPECT_EQ(answers.size(), 1000u);
  EXPECT_EQ(evaluations, 1);
  parked.clear();
  EXPECT_EQ(hub->waiters(), 0u);
}

TEST_F(Watching, several_changes_in_one_turn_are_one_evaluation) {
  write({"a"});
  const auto a = wait_for("a", 2, "a");
  for (int i = 0; i < 5; ++i) write({"a"});
  settle();
  EXPECT_EQ(answers["a"], "200 7 index 7");
  EXPECT_EQ(evaluations, 1);
}

TEST_F(Watching, a_prefix_is_woken_by_the_keys_below_it) {
  write({"app/x", "other"});
  const auto park_prefix = [&](const std::string& prefix) {
    auto parked = park({.topics = {}, .key_prefixes = {prefix}}, "max", 2);
    start(*parked, prefix);
    return parked;
  };
  // One identity each, as their interests differ.
  const auto all = park_prefix("");
  write({"zzz"});
  settle();
  EXPECT_EQ(answers.count(""), 1u);
}

TEST_F(Watching, prefixes_of_many_lengths_are_told_apart) {
  write({"max"});
  std::vector<std::unique_ptr<api::Parked>> parked;
  for (const std::string prefix : {"a", "app", "app/", "app/x/", "b", "app/x/y/z"}) {
    BlockingQuery query;
    query.identity = prefix;
    query.interest.key_prefixes = {prefix};
    query.evaluate = [this](const ReadRows& from, ListOutput& output) {
      return read(from, "max", output);
    };
    parked.push_back(
        hub->park(std::move(query), 2, {.index = 2}, system_clock().boot_now() + 1h, show_index));
    start(*parked.back(), prefix);
  }
  write({"app/x/1"});
  settle();
  std::vector<std::string> woken;
  for (const auto& [name, answer] : answers) woken.push_back(name);
  EXPECT_EQ(woken, (std::vector<std::string>{"a", "app", "app/", "app/x/"}));
}

TEST_F(Watching, a_missing_key_goes_on_waiting_while_it_is_missing) {
  write({"other"});  // 2
  const auto a = park(
      {.topics = {{TopicKind::key, "a"}, {TopicKind::key, "other"}}, .key_prefixes = {}}, "a", 2);
  start(*a, "a");
  write({"other"});  // The index moves, the key is still not there.
  settle();
  EXPECT_TRUE(answers.empty());
  write({"a"});
  settle();
  EXPECT_EQ(answers["a"], "200 4 index 4");
}

TEST_F(Watching, a_deleted_key_is_told_at_once) {
  write({"a"});
  const auto a = wait_for("a", 2, "a");
  erase("a");
  settle();
  EXPECT_EQ(answers["a"], "404  index 3");
}

TEST_F(Watching, an_index_ahead_of_the_state_waits_until_it_is_passed) {
  write({"a"});
  const auto a = wait_for("a", 4, "a");
  write({"a"});
  write({"a"});
  settle();
  EXPECT_TRUE(answers.empty());
  write({"a"});
  settle();
  EXPECT_EQ(answers["a"], "200 5 index 5");
}

TEST_F(Watching, a_restore_wakes_everybody) {
  write({"a", "b"});
  const auto a = wait_for("a", 1000, "a");
  const auto missing = wait_for("missing", 1000, "missing");
  hub->publish({.revision = 3, .topics = {{TopicKind::restore, ""}}});
  settle();
  EXPECT_EQ(answers.size(), 2u);
}

TEST_F(Watching, a_deadline_answers_with_what_is_there) {
  write({"a"});
  const auto late = wait_for("a", 2, "late", 1h);
  const auto soon = wait_for("a", 2, "soon", 1ms);
  const auto missing = wait_for("missing", 2, "missing", 1ms);
  while (answers.size() < 2) loop.run_ready();
  EXPECT_EQ(answers["soon"], "200 2 index 2");
  EXPECT_EQ(answers["missing"], "404  index 2");
  EXPECT_EQ(answers.count("late"), 0u);
}

TEST_F(Watching, those_who_went_away_are_forgotten_in_every_state) {
  write({"a", "b"});
  auto waiting = wait_for("a", 2, "waiting");
  waiting.reset();
  EXPECT_EQ(hub->waiters(), 0u);
  auto dirty = wait_for("a", 2, "dirty");
  write({"a"});
  dirty.reset();
  settle();
  auto unstarted = park({.topics = {{TopicKind::key, "b"}}, .key_prefixes = {}}, "b", 2);
  write({"b"});
  settle();
  unstarted.reset();
  settle();
  EXPECT_TRUE(answers.empty());
  EXPECT_EQ(evaluations, 1);
}

TEST_F(Watching, a_change_between_parking_and_starting_is_not_lost) {
  write({"a"});
  const auto a = park({.topics = {{TopicKind::key, "a"}}, .key_prefixes = {}}, "a", 2);
  write({"a"});
  settle();
  EXPECT_TRUE(answers.empty());
  start(*a, "a");
  settle();
  EXPECT_EQ(answers["a"], "200 3 index 3");
}

TEST_F(Watching, other_topics_are_exact) {
  write({"max"});
  const auto web = park({.topics = {{TopicKind::service, "web"}}, .key_prefixes = {}}, "max", 2);
  start(*web, "web");
  rows.put("max", "9");
  hub->publish({.revision = 9, .topics = {{TopicKind::service, "db"}, {TopicKind::node, "web"}}});
  settle();
  EXPECT_TRUE(answers.empty());
  hub->publish({.revision = 9, .topics = {{TopicKind::service, "web"}}});
  settle();
  EXPECT_EQ(answers.size(), 1u);
}

TEST_F(Watching, waiters_may_outlive_the_hub) {
  write({"a"});
  const auto a = wait_for("a", 2, "a");
  write({"a"});
  hub.reset();
  settle();
  EXPECT_TRUE(answers.empty());
}

TEST_F(Watching, a_storm_is_worked_off_in_slices) {
  write({"hot"});
  std::vector<std::unique_ptr<api::Parked>> parked;
  std::vector<int> order;
  for (int i = 0; i < 200; ++i) {
    BlockingQuery query;
    query.identity = std::to_string(i);
    query.interest.topics = {{TopicKind::key, "hot"}};
    query.evaluate = [this](const ReadRows& from, ListOutput& output) {
      const auto end = std::chrono::steady_clock::now() + 100us;
      while (std::chrono::steady_clock::now() < end) {
      }
      return read(from, "hot", output);
    };
    parked.push_back(
        hub->park(std::move(query), 2, {.index = 2}, system_clock().boot_now() + 1h, show_index));
    start(*parked.back(), std::to_string(i));
  }
  reader.opened = 0;
  write({"hot"});
  settle();
  EXPECT_EQ(answers.size(), 200u);
  // 20 ms of work in slices of 1 ms, each with a snapshot of its own.
  EXPECT_GE(reader.opened, 10);
}

TEST_F(Watching, who_has_seen_what_others_wait_on_joins_them_without_an_evaluation) {
  write({"a"});
  EXPECT_EQ(join("a", 2), nullptr) << "nobody waits";
  const auto first = wait_for("a", 2, "first");
  EXPECT_EQ(join("a", 1), nullptr) << "there is news for that one";
  EXPECT_EQ(join("b", 2), nullptr);
  const auto second = join("a", 2);
  ASSERT_NE(second, nullptr);
  start(*second, "second");
  settle();
  EXPECT_EQ(evaluations, 0);
  write({"a"});
  // Comes when the change is published and not evaluated yet.
  const auto third = join("a", 2);
  ASSERT_NE(third, nullptr);
  start(*third, "third");
  settle();
  EXPECT_EQ(evaluations, 1);
  for (const char* name : {"first", "second", "third"}) {
    EXPECT_EQ(answers[name], "200 3 index 3") << name;
  }
  EXPECT_EQ(hub->waiters(), 3u);
}

TEST_F(Watching, what_an_evaluation_found_is_what_joins_are_judged_by) {
  write({"a"});
  const auto behind = wait_for("a", 5, "behind");  // It knows a later state, of another server.
  write({"a"});
  settle();
  EXPECT_TRUE(answers.empty());
  EXPECT_EQ(join("a", 2), nullptr);
  EXPECT_NE(join("a", 3), nullptr);
}

TEST_F(Watching, nobody_joins_those_who_wait_for_what_is_not_there) {
  write({"b"});
  const auto waiting = wait_for("a", 2, "a");
  EXPECT_EQ(join("a", 2), nullptr);
}

}  // namespace
}  // namespace conclave::daemon
