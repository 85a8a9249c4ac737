/// What is too large for a loop: evaluated elsewhere, by a snapshot that is newer than the
/// question, and nothing that changes meanwhile is missed. Oracle: design section 4, "Large bodies"
/// and "Watch"; contract 2.2.

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <map>

#include "base/run/clock.h"
#include "daemon/store/memory_rows.h"
#include "daemon/watch/hub.h"
#include "daemon/watch/metered_rows.h"

namespace conclave::daemon {
namespace {

using namespace std::chrono_literals;

/// What is seen through a snapshot is what was there when it was opened.
class CopyingReader final : public Reader {
 public:
  explicit CopyingReader(const MemoryRows& rows) : rows_(rows) {}
  ReadSnapshot open() override {
    auto copy = std::make_unique<Copy>();
    rows_.scan("", [&](std::string_view key, std::string_view row) {
      copy->rows_.put(key, row);
      return true;
    });
    return ReadSnapshot(std::move(copy));
  }

 private:
  class Copy final : public ReadSnapshot::Impl {
   public:
    const ReadRows& rows() const override { return rows_; }
    AppliedPosition applied() const override { return {}; }
    MemoryRows rows_;
  };
  const MemoryRows& rows_;
};

/// More rows than a loop looks at, and a row "newest" with the revision of the last change.
class LargeReading : public testing::Test {
 protected:
  LargeReading() {
    for (std::uint64_t i = 0; i <= MeteredRows::loop_rows_max; ++i) {
      rows.put("list/" + std::to_string(10'000 + i), "x");
    }
    write();  // 2
  }
  void write() {
    rows.put("newest", std::to_string(++revision_));
    if (hub) hub->publish({.revision = revision_, .topics = {{TopicKind::sessions, ""}}});
  }
  BlockingQuery query(const std::string& identity = "list") {
    BlockingQuery query;
    query.identity = identity;
    query.interest.topics = {{TopicKind::sessions, ""}};
    query.evaluate = [this](const ReadRows& from, ListOutput& output) {
      ++evaluations;
      std::uint64_t count = 0;
      from.scan_prefix("list/", [&](std::string_view, std::string_view) {
        ++count;
        output.text().append(row_bytes, 'x');
        output.settle();
        return true;
      });
      Evaluation result;
      result.headers.push_back({"Count", std::to_string(count)});
      result.index = std::stoull(std::string(*from.get("newest")));
      return result;
    };
    return query;
  }
  std::unique_ptr<api::Parked> ask(const std::string& name, std::uint64_t index, Nanos wait = 1h) {
    auto parked = hub->park_large(query(), index, system_clock().boot_now() + wait,
                                  [](api::Response& response, const Evaluation& evaluation) {
                                    response.set_header("I", std::to_string(evaluation.index));
                                  });
    parked->start([this, name](api::Response response) {
      std::string seen = std::to_string(response.status);
      for (const api::Header& header : response.headers) seen += " " + header.value;
      answers[name] = seen;
      if (const auto* text = std::get_if<api::SharedBody>(&response.body)) bodies[name] = **text;
    });
    return parked;
  }
  /// The loop alone: what is under way elsewhere gets no further.
  void settle() { loop.run_ready(); }
  /// One step elsewhere, then the loop.
  bool step() {
    if (steps.empty()) return false;
    const auto next = std::move(steps.front());
    steps.pop_front();
    next();
    settle();
    return true;
  }
  void finish() {
    settle();
    while (step()) {
    }
  }

  Loop loop{"large-read-test"};
  Metrics metrics;
  MemoryRows rows;
  CopyingReader reader{rows};
  std::deque<std::function<void()>> steps;
  LargeReads large{
      {.spool = {.directory = testing::TempDir(), .free_bytes_min = 0}, .waiting_max = 1},
      metrics,
      [this](std::function<void()> step) { steps.push_back(std::move(step)); }};
  std::unique_ptr<WatchHub> hub = std::make_unique<WatchHub>(loop, reader, large, metrics);
  std::map<std::string, std::string> answers;
  std::map<std::string, std::string> bodies;
  int evaluations = 0;
  std::size_t row_bytes = 1;

 private:
  std::uint64_t revision_ = 1;
};

constexpr std::uint64_t all = MeteredRows::loop_rows_max + 1;

std::string answer(std::uint64_t index) {
  return "200 " + std::to_string(all) + " " + std::to_string(index);
}

TEST_F(LargeReading, is_whole_elsewhere_and_shared_by_those_who_ask_the_same) {
  const auto a = ask("a", 0);
  const auto b = ask("b", 1);
  settle();
  EXPECT_TRUE(answers.empty()) << "nothing of it is done on the loop";
  finish();
  EXPECT_EQ(answers, (std::map<std::string, std::string>{{"a", answer(2)}, {"b", answer(2)}}));
  EXPECT_EQ(bodies["a"], std::string(all, 'x'));
  EXPECT_EQ(evaluations, 1);
}

TEST_F(LargeReading, a_blocking_query_waits_for_what_is_newer) {
  const auto a = ask("a", 2);
  finish();
  EXPECT_TRUE(answers.empty());
  write();
  finish();
  EXPECT_EQ(answers["a"], answer(3));
  EXPECT_EQ(evaluations, 2);
}

TEST_F(LargeReading, a_change_at_any_moment_of_an_evaluation_is_not_lost) {
  for (int moment = 0; moment < 6; ++moment) {
    const std::uint64_t before = std::stoull(std::string(*rows.get("newest")));
    const std::string name = std::to_string(moment);
    const auto a = ask(name, before);
    settle();
    for (int i = 0; i < moment; ++i) step();
    EXPECT_EQ(answers.count(name), 0u);
    write();
    finish();
    EXPECT_EQ(answers[name], answer(before + 1)) << "changed after step " << moment;
  }
}

TEST_F(LargeReading, who_asks_while_a_snapshot_is_open_gets_a_newer_one) {
  const auto a = ask("a", 0);
  settle();
  step();  // The snapshot is open.
  rows.put("newest", "100");
  const auto b = ask("b", 0);
  finish();
  EXPECT_EQ(answers["a"], answer(2));
  EXPECT_EQ(answers["b"], answer(100)) << "its permission to read is newer than a's snapshot";
}

TEST_F(LargeReading, what_outgrows_the_loop_while_it_waits_is_evaluated_elsewhere) {
  const auto parked = hub->park(query(), 2, {.index = 2}, system_clock().boot_now() + 1h,
                                [](api::Response&, const Evaluation&) {});
  parked->start([this](api::Response response) { answers["a"] = response.headers.at(0).value; });
  write();
  finish();
  EXPECT_EQ(answers["a"], std::to_string(all));
  EXPECT_EQ(evaluations, 2) << "begun here, done there";
}

TEST_F(LargeReading, a_deadline_and_a_restore_answer_too) {
  const auto soon = ask("soon", 1000, 1ms);
  while (answers.empty()) finish();
  EXPECT_EQ(answers["soon"], answer(2));
  const auto restored = ask("restored", 1000);
  finish();
  hub->publish({.revision = 3, .topics = {{TopicKind::restore, ""}}});
  finish();
  EXPECT_EQ(answers["restored"], answer(2));
}

TEST_F(LargeReading, those_who_went_away_leave_no_work) {
  for (int moment = 0; moment < 4; ++moment) {
    auto a = ask("a", 0);
    settle();
    for (int i = 0; i < moment; ++i) step();
    a.reset();
    finish();
    EXPECT_EQ(hub->waiters(), 0u);
  }
  EXPECT_EQ(evaluations, 3) << "none before its snapshot is open";
  auto last = ask("last", 0);
  settle();
  hub.reset();
  finish();
  EXPECT_EQ(answers.count("last"), 0u);
}

TEST_F(LargeReading, too_many_that_wait_are_refused) {
  const auto ask_other = [this](const std::string& name) {
    auto parked = hub->park_large(query(name), 0, system_clock().boot_now() + 1h,
                                  [](api::Response& response, const Evaluation&) {
                                    response.set_header("X-Consul-Index", "1");
                                  });
    parked->start([this, name](api::Response response) {
      answers[name] = std::to_string(response.status) + " " +
                      std::to_string(response.headers.size()) + " " +
                      *std::get<api::SharedBody>(response.body);
    });
    return parked;
  };
  const auto first = ask_other("first");
  const auto second = ask_other("second");
  const auto third = ask_other("third");
  finish();
  EXPECT_TRUE(answers["first"].starts_with("200 2 x"));
  EXPECT_TRUE(answers["second"].starts_with("200 2 x"));
  EXPECT_EQ(answers["third"], "503 0 1 large lists wait to be read already: try again later");
}

TEST_F(LargeReading, a_body_over_a_mebibyte_is_in_a_file) {
  row_bytes = 1024;
  std::optional<api::Response> response;
  const auto parked = hub->park_large(query(), 0, system_clock().boot_now() + 1h,
                                      [](api::Response&, const Evaluation&) {});
  parked->start([&](api::Response late) { response = std::move(late); });
  finish();
  ASSERT_TRUE(response.has_value());
  auto& stream = std::get<std::unique_ptr<api::BodyStream>>(response->body);
  EXPECT_EQ(stream->length(), all * row_bytes);
}

TEST(ListOutput, spools_what_passes_its_limit_and_keeps_to_the_bounds) {
  Spool spool({.directory = testing::TempDir(), .bytes_max = 4 << 20, .free_bytes_min = 0});
  const auto write = [&](std::size_t pieces) {
    ListOutput output(&spool);
    for (std::size_t i = 0; i < pieces && !output.is_full(); ++i) {
      output.text().append(1024, static_cast<char>('a' + i % 26));
      output.settle();
    }
    return output.finish();
  };
  const auto small = write(1000);
  ASSERT_TRUE(small.has_value());
  EXPECT_EQ(small->text->size(), 1000u * 1024);
  EXPECT_EQ(spool.used_bytes(), 0u);
  auto large = write(3000);
  ASSERT_TRUE(large.has_value() && large->spooled);
  EXPECT_EQ(large->spooled->size(), 3000u * 1024);
  EXPECT_EQ(spool.used_bytes(), 3000u * 1024);
  const auto piece = large->spooled->read(2999 * 1024, 4096);
  ASSERT_TRUE(piece.has_value());
  EXPECT_EQ(*piece, std::string(1024, static_cast<char>('a' + 2999 % 26)));
  const auto refused = write(2000);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
  EXPECT_EQ(refused.error().message,
            "The large lists that are being sent fill the 4 MiB that there are for them: try again "
            "later, or ask for less at a time");
  large->spooled.reset();
  EXPECT_EQ(spool.used_bytes(), 0u) << "the refused one's are given back too";
}

TEST(ListOutput, leaves_the_disk_to_the_log) {
  Spool spool({.directory = testing::TempDir(), .free_bytes_min = ~std::uint64_t{0} >> 1});
  ListOutput output(&spool);
  output.text().assign(ListOutput::text_bytes_max, 'x');
  output.settle();
  EXPECT_TRUE(output.is_full());
  const auto body = output.finish();
  ASSERT_FALSE(body.has_value());
  EXPECT_EQ(body.error().code, ErrorCode::unavailable);
}

}  // namespace
}  // namespace conclave::daemon
