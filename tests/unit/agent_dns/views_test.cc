// What is remembered for how long (design section 4, Agent; agent/dns/directory.h).

#include "agent/dns/views.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <set>

#include "base/run/sleep.h"
#include "tests/unit/agent_dns/sample.h"

namespace conclave::dns {
namespace {

using namespace std::chrono_literals;

class HandClock final : public Clock {
 public:
  Nanos boot_now() const override { return now; }
  Nanos wall_now() const override { return now; }
  Nanos now = 1h;
};

class FakeDirectory final : public Directory {
 public:
  explicit FakeDirectory(Loop& loop, const HandClock& clock) : loop_(loop), clock_(clock) {}

  Task<Result<Finding>> find(Subject subject, Freshness) override {
    ++looks;
    if (unreachable) co_return fail(ErrorCode::failed, "No known Consul servers");
    Finding finding = known[subject.name];
    finding.revision = revision;
    co_await yield_turn(loop_);
    if (meanwhile) meanwhile();
    co_return finding;
  }
  void let_go(const Subject& subject) override { gone.insert(subject.name); }
  Nanos last_contact() const override { return contact.value_or(clock_.now); }
  void tell(ChangeListener* to) override { listener = to; }

  std::map<std::string, Finding> known;
  std::uint64_t revision = 1;
  bool unreachable = false;
  std::function<void()> meanwhile;
  std::optional<Nanos> contact;
  int looks = 0;
  std::set<std::string> gone;
  ChangeListener* listener = nullptr;

 private:
  Loop& loop_;
  const HandClock& clock_;
};

class Remembering : public testing::Test {
 protected:
  Remembering() { use({}); }

  void use(ViewLimits limits) {
    views.reset();
    views = std::make_unique<Views>(loop, clock, directory, limits, metrics);
    views->set_options(options);
  }
  static Task<void> find_one(Remembering* self, Subject subject) {
    self->found.push_back(co_await self->views->find(std::move(subject)));
  }
  /// From memory, or else from the directory.
  Result<Known> find(const std::string& name, Subject::Kind kind = Subject::Kind::service) {
    const Subject subject{kind, name};
    if (auto known = views->at_hand(subject)) return known;
    found.clear();
    loop.spawn("find", find_one(this, subject));
    while (found.empty()) loop.run_ready();
    return found.front();
  }

  Loop loop{"dns"};
  HandClock clock;
  Metrics metrics;
  FakeDirectory directory{loop, clock};
  DnsOptions options;
  std::unique_ptr<Views> views;
  std::vector<Result<Known>> found;
};

TEST_F(Remembering, asks_once_as_long_as_nothing_changes) {
  directory.known["web"] = crowd(2);
  for (int n = 0; n < 5; ++n) EXPECT_FALSE((*find("web"))->is_nothing());
  clock.now += 1h;
  EXPECT_FALSE((*find("web"))->is_nothing());
  EXPECT_EQ(directory.looks, 1);
}

TEST_F(Remembering, asks_again_after_a_change) {
  directory.known["web"] = crowd(1);
  find("web");
  directory.known["web"] = crowd(2);
  directory.revision = 2;
  directory.listener->changed({Subject::Kind::service, "web"}, 2);
  directory.listener->changed({Subject::Kind::service, "db"}, 2);
  EXPECT_EQ(std::get<ServiceFinding>((*find("web"))->what).instances.size(), 2u);
  find("web");
  EXPECT_EQ(directory.looks, 2);
  // That one was in what was found already.
  directory.listener->changed({Subject::Kind::service, "web"}, 2);
  find("web");
  EXPECT_EQ(directory.looks, 2);
}

TEST_F(Remembering, keeps_nothing_that_changed_while_it_was_under_way) {
  directory.known["web"] = crowd(1);
  directory.meanwhile = [&] {
    directory.listener->changed({Subject::Kind::service, "web"}, 2);
    directory.meanwhile = nullptr;
  };
  EXPECT_FALSE((*find("web"))->is_nothing());
  directory.revision = 2;
  find("web");
  find("web");
  EXPECT_EQ(directory.looks, 2);
}

TEST_F(Remembering, asks_once_for_all_who_wait) {
  directory.known["web"] = crowd(1);
  for (int n = 0; n < 10; ++n) {
    loop.spawn("find", find_one(this, {Subject::Kind::service, "web"}));
  }
  while (found.size() < 10) loop.run_ready();
  EXPECT_EQ(directory.looks, 1);
}

TEST_F(Remembering, believes_for_a_second_that_there_is_nothing) {
  EXPECT_TRUE((*find("nothing"))->is_nothing());
  clock.now += 900ms;
  EXPECT_TRUE((*find("nothing"))->is_nothing());
  EXPECT_EQ(directory.looks, 1);
  clock.now += 200ms;
  EXPECT_TRUE((*find("nothing"))->is_nothing());
  EXPECT_EQ(directory.looks, 2);
}

TEST_F(Remembering, goes_on_with_what_it_knows_when_nobody_can_be_asked) {
  directory.known["web"] = crowd(1);
  find("web");
  directory.unreachable = true;
  directory.listener->everything_changed();
  EXPECT_TRUE(find("web").has_value());
  EXPECT_FALSE(find("db").has_value());
}

TEST_F(Remembering, does_not_go_on_beyond_max_stale) {
  options.max_stale = 10s;
  use({});
  directory.known["web"] = crowd(1);
  find("web");
  directory.unreachable = true;
  directory.contact = clock.now;
  clock.now += 9s;
  EXPECT_TRUE(find("web").has_value());
  clock.now += 2s;
  EXPECT_FALSE(find("web").has_value());
}

TEST_F(Remembering, asks_each_time_where_stale_is_not_allowed) {
  options.allow_stale = false;
  use({});
  directory.known["web"] = crowd(1);
  find("web");
  find("web");
  EXPECT_EQ(directory.looks, 2);
}

TEST_F(Remembering, is_bounded_and_a_flood_of_unknown_names_pushes_nothing_out) {
  use({.found_max = 3, .fleeting_max = 2});
  for (const char* name : {"a", "b", "c", "d"}) {
    directory.known[name] = crowd(1);
    find(name);
  }
  EXPECT_EQ(directory.gone, std::set<std::string>{"a"});
  for (int n = 0; n < 50; ++n) find("unknown" + std::to_string(n));
  const int looks = directory.looks;
  for (const char* name : {"b", "c", "d"}) find(name);
  EXPECT_EQ(directory.looks, looks);
}

TEST_F(Remembering, keeps_no_more_bytes_than_it_may_but_always_one) {
  use({.found_bytes_max = 3 * bytes_of(crowd(100))});
  for (const char* name : {"a", "b", "c", "d"}) {
    directory.known[name] = crowd(100);
    find(name);
  }
  EXPECT_EQ(directory.gone, (std::set<std::string>{"a", "b"}));
  directory.known["large"] = crowd(1000);
  find("large");
  EXPECT_EQ(directory.gone, (std::set<std::string>{"a", "b", "c", "d"}));
  const int looks = directory.looks;
  find("large");
  EXPECT_EQ(directory.looks, looks);
  directory.known["a"] = crowd(1);
  find("a");
  EXPECT_TRUE(directory.gone.contains("large"));
}

TEST_F(Remembering, lets_go_what_it_could_not_keep) {
  directory.known["web"] = crowd(1);
  directory.meanwhile = [&] { directory.listener->everything_changed(); };
  find("web");
  EXPECT_EQ(directory.gone, std::set<std::string>{"web"});
}

TEST_F(Remembering, lets_go_what_nobody_asks_for) {
  directory.known["web"] = crowd(1);
  directory.known["db"] = crowd(1);
  find("web");
  find("db");
  clock.now += 9min;
  find("db");
  clock.now += 2min;
  views->sweep();
  EXPECT_EQ(directory.gone, std::set<std::string>{"web"});
}

TEST_F(Remembering, hears_of_prepared_queries_together) {
  directory.known["near"] = crowd(1);
  find("near", Subject::Kind::query);
  directory.revision = 2;
  directory.listener->queries_changed(2);
  find("near", Subject::Kind::query);
  EXPECT_EQ(directory.looks, 2);
}

}  // namespace
}  // namespace conclave::dns
