#include "base/run/metrics.h"

#include <gtest/gtest.h>

#include <regex>

namespace conclave {
namespace {

using namespace std::chrono_literals;

class MetricsText : public testing::Test {
 protected:
  /// 2026-01-01 00:00:00 UTC, and a little that is not shown.
  static constexpr Nanos new_year = std::chrono::seconds{1767225600} + Nanos{999};

  void expect_line(const std::string& line) const {
    const std::string text = "\n" + metrics_.prometheus_text();
    EXPECT_NE(text.find("\n" + line + "\n"), std::string::npos) << line << " not in\n" << text;
  }
  void expect_json(const std::string& part) const {
    const std::string json = metrics_.consul_json({}, new_year);
    EXPECT_NE(json.find(part), std::string::npos) << part << " not in\n" << json;
  }

  Metrics metrics_;
};

TEST_F(MetricsText, everything_registered_shows_at_zero) {
  metrics_.counter("consul.http.requests", "Requests answered.");
  metrics_.gauge("consul.kv.entries", "Keys.");
  metrics_.histogram("consul.kvs.apply", "Time to apply.");
  expect_line("# HELP consul_http_requests Requests answered.");
  expect_line("# TYPE consul_http_requests counter");
  expect_line("consul_http_requests 0");
  expect_line("# TYPE consul_kv_entries gauge");
  expect_line("consul_kv_entries 0");
  expect_line("# TYPE consul_kvs_apply histogram");
  expect_line("consul_kvs_apply_count 0");
}

TEST_F(MetricsText, cells_of_one_name_are_summed) {
  metrics_.counter("c", "").add(2);
  metrics_.counter("c", "").add();
  metrics_.gauge("g", "").set(1);
  metrics_.gauge("g", "").set(2.5);
  expect_line("c 3");
  expect_line("g 3.5");
}

TEST_F(MetricsText, labels_make_series_of_their_own) {
  metrics_.counter("c", "", {{"method", "GET"}}).add(1);
  metrics_.counter("c", "", {{"method", "PUT"}}).add(2);
  metrics_.counter("c", "", {{"method", "PUT"}}).add(3);
  expect_line("c{method=\"GET\"} 1");
  expect_line("c{method=\"PUT\"} 5");
}

TEST_F(MetricsText, histograms_are_cumulative_and_in_milliseconds) {
  Histogram& cell = metrics_.histogram("h", "");
  cell.observe(10us);
  cell.observe(15us);
  cell.observe(1s);
  cell.observe(1h);
  cell.observe(-1s);
  expect_line("h_count 5");
  expect_line("h_sum 3601000.025");
  expect_line("h_bucket{le=\"0.01\"} 2");
  expect_line("h_bucket{le=\"0.02\"} 3");
  expect_line("h_bucket{le=\"1000\"} 4");
  expect_line("h_bucket{le=\"10000\"} 4");
  expect_line("h_bucket{le=\"+Inf\"} 5");
}

TEST(HistogramBounds, go_from_10_microseconds_to_10_seconds) {
  ASSERT_EQ(Histogram::bounds().size(), Histogram::buckets);
  EXPECT_EQ(Histogram::bounds().front(), 10us);
  EXPECT_EQ(Histogram::bounds()[1], 20us);
  EXPECT_EQ(Histogram::bounds()[2], 50us);
  EXPECT_EQ(Histogram::bounds().back(), 10s);
}

TEST_F(MetricsText, json_has_the_shape_of_consul) {
  metrics_.counter("c", "", {{"method", "GET"}}).add(4);
  EXPECT_TRUE(std::regex_match(
      metrics_.consul_json({}, new_year),
      std::regex(R"(\{"Timestamp":"2026-01-01 00:00:00 \+0000 UTC",)"
                 R"("Gauges":\[\{"Name":"consul.runtime.alloc_bytes","Value":[0-9.e+]+,)"
                 R"("Labels":\{\}\}\],"Points":\[\],)"
                 R"("Counters":\[\{"Name":"c","Count":4,"Rate":0.4,"Sum":4,"Min":1,"Max":1,)"
                 R"("Mean":1,"Stddev":0,"Labels":\{"method":"GET"\}\}\],"Samples":\[\]\})")))
      << metrics_.consul_json({}, new_year);
}

TEST_F(MetricsText, json_samples_are_milliseconds_with_bounds_from_the_buckets) {
  Histogram& cell = metrics_.histogram("h", "");
  cell.observe(2ms);
  cell.observe(4ms);
  expect_json(R"("Name":"h","Count":2,"Rate":0.6,"Sum":6,"Min":2,"Max":5,"Mean":3,)");
}

TEST_F(MetricsText, json_counts_the_last_finished_interval) {
  Counter& cell = metrics_.counter("c", "");
  cell.add(5);
  expect_json(R"("Name":"c","Count":5,)");
  metrics_.end_interval();
  cell.add(2);
  expect_json(R"("Name":"c","Count":5,)");
  metrics_.end_interval();
  expect_json(R"("Name":"c","Count":2,)");
  metrics_.end_interval();
  expect_json(R"("Name":"c","Count":0,"Rate":0,"Sum":0,"Min":0,"Max":0,"Mean":0,)");
  expect_line("c 7");
}

TEST_F(MetricsText, json_escapes_labels_and_has_no_infinities) {
  metrics_.gauge("g", "", {{"path", "a\"b\\c\n"}}).set(1.0 / 0.0);
  expect_json(R"("Name":"g","Value":0,"Labels":{"path":"a\"b\\c\u000a"}})");
}

TEST(MetricsDeathTest, one_name_is_of_one_kind) {
  EXPECT_DEATH(
      {
        Metrics metrics;
        metrics.counter("x", "");
        metrics.gauge("x", "");
      },
      "one kind");
}

}  // namespace
}  // namespace conclave
