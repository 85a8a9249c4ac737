#include "base/core/duration.h"

#include <gtest/gtest.h>

#include <limits>

namespace conclave {
namespace {

using namespace std::chrono_literals;

constexpr Nanos largest{std::numeric_limits<std::int64_t>::max()};
constexpr Nanos smallest{std::numeric_limits<std::int64_t>::min()};

// What Go's documentation of time.ParseDuration says, and its behaviour at the edges.
TEST(ParseDuration, reads_what_go_reads) {
  const struct {
    std::string_view text;
    Nanos value;
  } cases[] = {
      {"0", 0s},
      {"5s", 5s},
      {"30s", 30s},
      {"1478s", 1478s},
      {"-5s", -5s},
      {"+5s", 5s},
      {"-0", 0s},
      {"+0", 0s},
      {"5.0s", 5s},
      {"5.6s", 5600ms},
      {"5.s", 5s},
      {".5s", 500ms},
      {"1.0s", 1s},
      {"1.00s", 1s},
      {"1.004s", 1004ms},
      {"1.0040s", 1004ms},
      {"100.00100s", 100s + 1ms},
      {"10ns", 10ns},
      {"11us", 11us},
      {"12\xc2\xb5s", 12us},
      {"12\xce\xbcs", 12us},
      {"13ms", 13ms},
      {"14s", 14s},
      {"15m", 15min},
      {"16h", 16h},
      {"3h30m", 3h + 30min},
      {"10.5s4m", 4min + 10500ms},
      {"-2m3.4s", -(2min + 3400ms)},
      {"1h2m3s4ms5us6ns", 1h + 2min + 3s + 4ms + 5us + 6ns},
      {"39h9m14.425s", 39h + 9min + 14425ms},
      {"52763797000ns", 52763797000ns},
      {"0.3333333333333333333h", 20min},
      {"9007199254740993ns", 9007199254740993ns},
      {"9223372036854775807ns", largest},
      {"9223372036854775.807us", largest},
      {"9223372036s854ms775us807ns", largest},
      {"-9223372036854775808ns", smallest},
      {"-9223372036854775.808us", smallest},
      {"-9223372036s854ms775us808ns", smallest},
      {"-2562047h47m16.854775808s", smallest},
      {"0.100000000000000000000h", 6min},
      {"0.830103483285477580700h", 49min + 48s + 372539827ns},
  };
  for (const auto& c : cases) {
    const Result<Nanos> parsed = parse_duration(c.text);
    ASSERT_TRUE(parsed.has_value()) << c.text << ": " << parsed.error().message;
    EXPECT_EQ(*parsed, c.value) << c.text;
  }
}

TEST(ParseDuration, refuses_with_the_words_of_go) {
  const struct {
    std::string_view text;
    std::string_view message;
  } cases[] = {
      {"", R"(time: invalid duration "")"},
      {"abc", R"(time: invalid duration "abc")"},
      {"3", R"(time: missing unit in duration "3")"},
      {"5", R"(time: missing unit in duration "5")"},
      {"1.5", R"(time: missing unit in duration "1.5")"},
      {"-", R"(time: invalid duration "-")"},
      {"+", R"(time: invalid duration "+")"},
      {"s", R"(time: invalid duration "s")"},
      {".", R"(time: invalid duration ".")"},
      {"-.", R"(time: invalid duration "-.")"},
      {".s", R"(time: invalid duration ".s")"},
      {"+.s", R"(time: invalid duration "+.s")"},
      {"--5s", R"(time: invalid duration "--5s")"},
      {"1d", R"(time: unknown unit "d" in duration "1d")"},
      {"10 s", R"(time: unknown unit " s" in duration "10 s")"},
      {"1s ", R"(time: unknown unit "s " in duration "1s ")"},
      {"1x2m", R"(time: unknown unit "x" in duration "1x2m")"},
      {"\"1s", R"(time: invalid duration "\"1s")"},
      {"1\n", R"(time: unknown unit "\x0a" in duration "1\x0a")"},
      {"1\xe2\x82\xac", R"(time: unknown unit "\xe2\x82\xac" in duration "1\xe2\x82\xac")"},
      {"9223372036854775810ns", R"(time: invalid duration "9223372036854775810ns")"},
      {"9223372036854775808ns", R"(time: invalid duration "9223372036854775808ns")"},
      {"-9223372036854775809ns", R"(time: invalid duration "-9223372036854775809ns")"},
      {"9223372036854776us", R"(time: invalid duration "9223372036854776us")"},
      {"3000000h", R"(time: invalid duration "3000000h")"},
      {"9223372036854775.808us", R"(time: invalid duration "9223372036854775.808us")"},
      {"9223372036854ms775us808ns", R"(time: invalid duration "9223372036854ms775us808ns")"},
  };
  for (const auto& c : cases) {
    const Result<Nanos> parsed = parse_duration(c.text);
    ASSERT_FALSE(parsed.has_value()) << c.text;
    EXPECT_EQ(parsed.error().message, c.message);
    EXPECT_EQ(parsed.error().code, ErrorCode::bad_request);
  }
}

TEST(FormatDuration, writes_what_go_writes) {
  const struct {
    Nanos value;
    std::string_view text;
  } cases[] = {
      {0s, "0s"},
      {1ns, "1ns"},
      {1100ns, "1.1\xc2\xb5s"},
      {2200us, "2.2ms"},
      {15ms, "15ms"},
      {100ms, "100ms"},
      {3300ms, "3.3s"},
      {1500ms, "1.5s"},
      {10s, "10s"},
      {1min, "1m0s"},
      {2min, "2m0s"},
      {1h, "1h0m0s"},
      {4min + 5s, "4m5s"},
      {4min + 5001ms, "4m5.001s"},
      {5h + 6min + 7001ms, "5h6m7.001s"},
      {8min + 1ns, "8m0.000000001s"},
      {72h, "72h0m0s"},
      {-10s, "-10s"},
      {-1ns, "-1ns"},
      {largest, "2562047h47m16.854775807s"},
      {smallest, "-2562047h47m16.854775808s"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(format_duration(c.value), c.text);
    EXPECT_EQ(parse_duration(c.text), c.value) << c.text;
  }
}

}  // namespace
}  // namespace conclave
