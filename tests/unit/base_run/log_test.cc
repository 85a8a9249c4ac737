#include "base/run/log.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <regex>
#include <thread>
#include <vector>

#include "base/run/log_tap.h"

namespace conclave {
namespace {

constexpr Nanos moment = std::chrono::seconds{1767225600} + Nanos{7'089'999};

TEST(LogLine, is_aligned_as_consul_aligns_it) {
  const struct {
    LogLevel level;
    std::string line;
  } cases[] = {
      {LogLevel::trace, "2026-01-01T00:00:00.007Z [TRACE] agent: hello\n"},
      {LogLevel::debug, "2026-01-01T00:00:00.007Z [DEBUG] agent: hello\n"},
      {LogLevel::info, "2026-01-01T00:00:00.007Z [INFO]  agent: hello\n"},
      {LogLevel::warn, "2026-01-01T00:00:00.007Z [WARN]  agent: hello\n"},
      {LogLevel::error, "2026-01-01T00:00:00.007Z [ERROR] agent: hello\n"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(format_log_line(moment, c.level, "agent", "hello", false), c.line);
  }
}

TEST(LogLine, as_json_has_the_members_of_consul) {
  EXPECT_EQ(format_log_line(moment, LogLevel::warn, "raft", R"(a "quoted" \ word)", true),
            R"({"@level":"warn","@message":"a \"quoted\" \\ word","@module":"raft",)"
            R"("@timestamp":"2026-01-01T00:00:00.007089Z"})"
            "\n");
}

TEST(LogLine, cannot_be_broken_by_what_it_says) {
  EXPECT_EQ(format_log_line(moment, LogLevel::info, "http", "a\nb\r\x1b[31m", false),
            "2026-01-01T00:00:00.007Z [INFO]  http: a\\nb\\x0d\\x1b[31m\n");
  EXPECT_EQ(format_log_line(moment, LogLevel::info, "http", "a\nb\r\xc3\xa4", true),
            R"({"@level":"info","@message":"a\nb\u000d)"
            "\xc3\xa4"
            R"(","@module":"http","@timestamp":"2026-01-01T00:00:00.007089Z"})"
            "\n");
}

TEST(LogLevels, are_read_without_regard_to_case) {
  EXPECT_EQ(parse_log_level("INFO"), LogLevel::info);
  EXPECT_EQ(parse_log_level("Trace"), LogLevel::trace);
  EXPECT_EQ(parse_log_level("err"), LogLevel::error);
  EXPECT_EQ(parse_log_level("ERROR"), LogLevel::error);
  EXPECT_EQ(parse_log_level("warn"), LogLevel::warn);
  EXPECT_EQ(parse_log_level("debug"), LogLevel::debug);
  EXPECT_EQ(parse_log_level("loud").error().message,
            "unknown log level 'loud': use one of trace, debug, info, warn, error");
}

class Log : public testing::Test {
 protected:
  /// Level and form outlive a log that was stopped, so every test begins with these.
  Log() {
    start_log(LogLevel::info, false);
    stop_log();
  }
  ~Log() override { stop_log(); }
};

TEST_F(Log, before_the_start_goes_to_standard_error) {
  testing::internal::CaptureStderr();
  log_warn("agent", "early {}", 1);
  const std::string text = testing::internal::GetCapturedStderr();
  EXPECT_TRUE(std::regex_match(
      text, std::regex(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z \[WARN\]  agent: early 1\n)")))
      << text;
}

TEST_F(Log, after_the_start_goes_to_standard_output_in_order) {
  testing::internal::CaptureStdout();
  start_log(LogLevel::debug, false);
  for (int i = 0; i < 100; ++i) log_debug("agent", "line {}", i);
  stop_log();
  const std::string text = testing::internal::GetCapturedStdout();
  std::size_t at = 0;
  for (int i = 0; i < 100; ++i) {
    at = text.find(fmt::format("agent: line {}\n", i), at);
    ASSERT_NE(at, std::string::npos) << i;
  }
  EXPECT_EQ(dropped_log_lines(), 0u);
}

TEST_F(Log, below_the_level_says_nothing) {
  testing::internal::CaptureStdout();
  start_log(LogLevel::warn, false);
  log_info("agent", "quiet");
  set_log_level(LogLevel::info);
  log_info("agent", "loud");
  stop_log();
  const std::string text = testing::internal::GetCapturedStdout();
  EXPECT_EQ(text.find("quiet"), std::string::npos);
  EXPECT_NE(text.find("loud"), std::string::npos);
}

TEST_F(Log, takes_lines_from_many_threads_whole) {
  testing::internal::CaptureStdout();
  start_log(LogLevel::info, true);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([] {
      for (int i = 0; i < 100; ++i) log_info("agent", "word");
    });
  }
  for (std::thread& thread : threads) thread.join();
  stop_log();
  const std::string text = testing::internal::GetCapturedStdout();
  EXPECT_EQ(std::ranges::count(text, '\n'), 400);
}

TEST_F(Log, is_heard_by_a_tap_at_its_own_level_and_in_its_own_form) {
  testing::internal::CaptureStdout();
  start_log(LogLevel::warn, false);
  {
    LogTap plain(LogLevel::debug, false);
    LogTap json(LogLevel::error, true);
    EXPECT_TRUE(log_enabled(LogLevel::debug));
    log_debug("agent", "for the tap");
    log_error("agent", "for all");
    const std::string heard = plain.take();
    EXPECT_NE(heard.find("[DEBUG] agent: for the tap\n"), std::string::npos) << heard;
    EXPECT_NE(heard.find("[ERROR] agent: for all\n"), std::string::npos) << heard;
    EXPECT_EQ(plain.take(), "");
    EXPECT_TRUE(json.take().starts_with(R"({"@level":"error","@message":"for all")"));
  }
  EXPECT_FALSE(log_enabled(LogLevel::info));
  stop_log();
  const std::string text = testing::internal::GetCapturedStdout();
  EXPECT_EQ(text.find("for the tap"), std::string::npos);
  EXPECT_NE(text.find("for all"), std::string::npos);
}

TEST_F(Log, tells_a_slow_tap_how_much_it_missed) {
  testing::internal::CaptureStdout();
  start_log(LogLevel::error, false);
  LogTap tap(LogLevel::info, false);
  const std::string line(1000, 'x');
  for (int i = 0; i < 1000; ++i) log_info("agent", "{}", line);
  EXPECT_GT(tap.dropped(), 700u);
  const std::string heard = tap.take();
  EXPECT_LE(heard.size(), LogTap::bytes_max + 200);
  EXPECT_TRUE(heard.ends_with(
      fmt::format("[WARN]  agent: Dropped {} logs during monitor request: its reader is too slow\n",
                  tap.dropped())));
  log_info("agent", "again");
  EXPECT_TRUE(tap.take().ends_with("agent: again\n"));
  stop_log();
  testing::internal::GetCapturedStdout();
}

TEST(LogDeathTest, die_says_its_sentence_and_aborts) {
  EXPECT_DEATH(die("store", "commit failed: disk full"),
               "conclave: store: commit failed: disk full");
}

}  // namespace
}  // namespace conclave
