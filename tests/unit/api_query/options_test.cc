/// Read parameters, by contract 1.3, 2.1 and 2.2.

#include "api/query/options.h"

#include <gtest/gtest.h>

namespace conclave::api {
namespace {

using namespace std::chrono_literals;
using Parameters = std::vector<std::pair<std::string_view, std::string_view>>;

Result<ReadOptions> parse(const Parameters& parameters) {
  return parse_read_options(parameters, WaitLimits{});
}

TEST(ReadOptions, are_a_standard_read_at_once_without_parameters) {
  const ReadOptions options = *parse({});
  EXPECT_EQ(options.mode, ConsistencyMode::standard);
  EXPECT_EQ(options.index, 0u);
  EXPECT_EQ(options.wait, 5min);
  EXPECT_FALSE(options.cached);
}

TEST(ReadOptions, take_flags_by_presence) {
  EXPECT_EQ(parse({{"stale", ""}})->mode, ConsistencyMode::stale);
  EXPECT_EQ(parse({{"stale", "1"}})->mode, ConsistencyMode::stale);
  EXPECT_EQ(parse({{"consistent", ""}})->mode, ConsistencyMode::consistent);
  EXPECT_EQ(parse({{"stale", ""}, {"leader", ""}})->mode, ConsistencyMode::standard);
  EXPECT_TRUE(parse({{"cached", ""}})->cached);
}

TEST(ReadOptions, understand_max_stale_as_stale) {
  const ReadOptions options = *parse({{"max_stale", "1.5s"}});
  EXPECT_EQ(options.mode, ConsistencyMode::stale);
  EXPECT_EQ(options.max_stale, 1500ms);
  EXPECT_EQ(parse({{"max_stale", ""}})->mode, ConsistencyMode::standard);
}

TEST(ReadOptions, keep_waits_within_their_limits) {
  EXPECT_EQ(parse({{"wait", "9.5s"}})->wait, 9500ms);
  EXPECT_EQ(parse({{"wait", "120000ms"}})->wait, 2min);
  EXPECT_EQ(parse({{"wait", "0s"}})->wait, 5min);
  EXPECT_EQ(parse({{"wait", "-1s"}})->wait, 5min);
  EXPECT_EQ(parse({{"wait", ""}})->wait, 5min);
  EXPECT_EQ(parse({{"wait", "24h"}})->wait, 10min);
}

TEST(ReadOptions, take_indexes_over_the_whole_range) {
  EXPECT_EQ(parse({{"index", "18446744073709551615"}})->index, 18446744073709551615u);
  EXPECT_EQ(parse({{"index", ""}})->index, 0u);
  EXPECT_EQ(parse({{"index", "7"}, {"index", "8"}})->index, 7u);
}

TEST(ReadOptions, carry_places_filters_and_node_metadata) {
  const ReadOptions options = *parse({{"dc", "dc2"},
                                      {"near", "_agent"},
                                      {"filter", "a == b"},
                                      {"node-meta", "rack:r1:a"},
                                      {"node-meta", "zone"}});
  EXPECT_EQ(options.datacenter, "dc2");
  EXPECT_EQ(options.near, "_agent");
  EXPECT_EQ(options.filter, "a == b");
  ASSERT_EQ(options.node_meta.size(), 2u);
  EXPECT_EQ(options.node_meta[0], (std::pair<std::string, std::string>("rack", "r1:a")));
  EXPECT_EQ(options.node_meta[1], (std::pair<std::string, std::string>("zone", "")));
}

TEST(ReadOptions, are_refused_in_the_words_of_the_contract) {
  const std::pair<Parameters, const char*> cases[] = {
      {{{"index", "-1"}}, "Invalid index"},
      {{{"index", "x"}}, "Invalid index"},
      {{{"index", "18446744073709551616"}}, "Invalid index"},
      {{{"wait", "5"}}, "Invalid wait time"},
      {{{"wait", "soon"}}, "Invalid wait time"},
      {{{"max_stale", "x"}}, "Invalid max_stale value \"x\""},
      {{{"stale", ""}, {"consistent", ""}},
       "Cannot specify ?stale with ?consistent, conflicting semantics."},
      {{{"cached", ""}, {"consistent", ""}},
       "Cannot specify ?cached with ?consistent, conflicting semantics."},
      {{{"ns", "team"}},
       "Invalid query parameter: \"ns\" - Namespaces are a Consul Enterprise feature"},
      {{{"partition", "p"}},
       "Invalid query parameter: \"partition\" - Partitions are a Consul Enterprise feature"},
  };
  for (const auto& [parameters, text] : cases) {
    const auto options = parse(parameters);
    ASSERT_FALSE(options.has_value()) << text;
    EXPECT_EQ(options.error(), (Error{ErrorCode::bad_request, text}));
  }
  EXPECT_TRUE(parse({{"ns", "default"}, {"partition", "*"}}).has_value());
}

TEST(Jitter, adds_less_than_a_sixteenth) {
  EXPECT_EQ(with_jitter(16s, 0), 16s);
  EXPECT_EQ(with_jitter(16s, 999'999'999), 16s + 999'999'999ns);
  EXPECT_EQ(with_jitter(16s, 1'000'000'000), 16s);
  for (std::uint64_t random : {1ull, 12345678901234567ull, ~0ull}) {
    EXPECT_GE(with_jitter(120s, random), 120s);
    EXPECT_LT(with_jitter(120s, random), 120s + 7500ms);
  }
  EXPECT_EQ(with_jitter(5ns, ~0ull), 5ns);
}

}  // namespace
}  // namespace conclave::api
