#include "base/run/metrics.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <malloc.h>
#include <prometheus/collectable.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <list>
#include <map>
#include <mutex>
#include <ranges>
#include <sstream>
#include <variant>

#include "base/core/assert.h"

namespace conclave {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

double in_ms(double nanos) { return nanos / 1e6; }

/// All cells of one series added up.
struct Totals {
  std::uint64_t count = 0;
  double sum = 0;  ///< Nanoseconds, for histograms.
  std::array<std::uint64_t, Histogram::buckets + 1> buckets{};

  friend Totals operator-(Totals now, const Totals& before) {
    now.count -= before.count;
    now.sum -= before.sum;
    for (std::size_t i = 0; i < now.buckets.size(); ++i) now.buckets[i] -= before.buckets[i];
    return now;
  }
};

template <class Cell>
using Cells = std::list<Cell>;
using AnyCells = std::variant<Cells<Counter>, Cells<Gauge>, Cells<Histogram>>;
/// The alternatives of AnyCells, in their order.
enum Kind : std::size_t { counter_kind, gauge_kind, histogram_kind };

template <class Cell>
constexpr Kind kind_of() {
  if (std::is_same_v<Cell, Counter>) return counter_kind;
  return std::is_same_v<Cell, Gauge> ? gauge_kind : histogram_kind;
}

struct Series {
  std::vector<Label> labels;
  AnyCells cells;
  Totals at_interval_start;
  Totals last_interval;

  Totals totals() const;
  double gauge() const;
};

double Series::gauge() const {
  double sum = 0;
  for (const Gauge& cell : std::get<Cells<Gauge>>(cells)) sum += cell.value();
  return sum;
}

Totals Series::totals() const {
  Totals totals;
  if (const auto* counters = std::get_if<Cells<Counter>>(&cells)) {
    for (const Counter& cell : *counters) totals.count += cell.value();
  } else if (const auto* histograms = std::get_if<Cells<Histogram>>(&cells)) {
    for (const Histogram& cell : *histograms) {
      totals.sum += static_cast<double>(cell.sum().count());
      for (std::size_t i = 0; i < totals.buckets.size(); ++i) totals.buckets[i] += cell.count(i);
    }
    // From the buckets, so that count and buckets agree though cells are written meanwhile.
    for (const std::uint64_t n : totals.buckets) totals.count += n;
  }
  return totals;
}

struct Family {
  std::string help;
  Kind kind;
  std::list<Series> series;

  Series* find(const std::vector<Label>& labels) {
    for (Series& candidate : series) {
      if (candidate.labels == labels) return &candidate;
    }
    return nullptr;
  }
};

double allocated_bytes() {
  const struct mallinfo2 info = mallinfo2();
  return static_cast<double>(info.uordblks + info.hblkhd);
}

/// What of a distribution can be told from its buckets: exact mean, bounds for the rest.
struct Spread {
  double min = 0;
  double max = 0;
  double mean = 0;
  double deviation = 0;
};

/// In nanoseconds. A bucket stands for its upper bound; the unbounded one for the last bound.
Spread spread_of(const Totals& totals) {
  Spread spread;
  if (totals.count == 0) return spread;
  const auto n = static_cast<double>(totals.count);
  spread.mean = totals.sum / n;
  double squares = 0;
  bool first = true;
  for (std::size_t i = 0; i < totals.buckets.size(); ++i) {
    if (totals.buckets[i] == 0) continue;
    const std::size_t bounded = std::min(i, Histogram::buckets - 1);
    const auto upper = static_cast<double>(Histogram::bounds()[bounded].count());
    if (first) spread.min = std::min(upper, spread.mean);
    first = false;
    spread.max = std::max(upper, spread.mean);
    squares +=
        static_cast<double>(totals.buckets[i]) * (upper - spread.mean) * (upper - spread.mean);
  }
  spread.deviation = totals.count < 2 ? 0 : std::sqrt(squares / (n - 1));
  return spread;
}

void append_json_string(std::string& out, std::string_view text) {
  out.push_back('"');
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (static_cast<unsigned char>(c) < 0x20) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
}

/// JSON has neither infinities nor NaN.
double finite(double value) { return std::isfinite(value) ? value : 0; }

void append_labels(std::string& out, const std::vector<Label>& labels) {
  out += ",\"Labels\":{";
  bool first = true;
  for (const Label& label : labels) {
    if (!std::exchange(first, false)) out.push_back(',');
    append_json_string(out, label.name);
    out.push_back(':');
    append_json_string(out, label.value);
  }
  out += "}}";
}

void begin_entry(std::string& out, std::string_view name) {
  if (!out.empty()) out.push_back(',');
  out += "{\"Name\":";
  append_json_string(out, name);
}

/// "consul.kvs" on "web1" is "consul.web1.kvs".
std::string with_host(const std::string& name, std::string_view host) {
  const std::size_t first_dot = name.find('.');
  if (host.empty() || first_dot == std::string::npos) return name;
  return fmt::format("{}.{}{}", name.substr(0, first_dot), host, name.substr(first_dot));
}

void append_gauge(std::string& out, std::string_view name, double value,
                  const std::vector<Label>& labels) {
  begin_entry(out, name);
  fmt::format_to(std::back_inserter(out), ",\"Value\":{}", finite(value));
  append_labels(out, labels);
}

/// A counter of Consul's is a sample whose values are all 1, so both have the same members.
void append_aggregate(std::string& out, std::string_view name, const Totals& totals, double sum,
                      const Spread& spread, const std::vector<Label>& labels) {
  const double seconds = std::chrono::duration<double>(Metrics::interval).count();
  begin_entry(out, name);
  fmt::format_to(std::back_inserter(out),
                 ",\"Count\":{},\"Rate\":{},\"Sum\":{},\"Min\":{},\"Max\":{},\"Mean\":{},"
                 "\"Stddev\":{}",
                 totals.count, sum / seconds, sum, spread.min, spread.max, spread.mean,
                 spread.deviation);
  append_labels(out, labels);
}

void append_counter(std::string& out, std::string_view name, const Totals& totals,
                    const std::vector<Label>& labels) {
  const double one = totals.count > 0 ? 1 : 0;
  append_aggregate(out, name, totals, static_cast<double>(totals.count), {one, one, one, 0},
                   labels);
}

void append_sample(std::string& out, std::string_view name, const Totals& totals,
                   const std::vector<Label>& labels) {
  const Spread nanos = spread_of(totals);
  append_aggregate(out, name, totals, in_ms(totals.sum),
                   {in_ms(nanos.min), in_ms(nanos.max), in_ms(nanos.mean), in_ms(nanos.deviation)},
                   labels);
}

ClientMetric::Histogram prometheus_histogram(const Totals& totals) {
  ClientMetric::Histogram histogram;
  histogram.sample_count = totals.count;
  histogram.sample_sum = in_ms(totals.sum);
  std::uint64_t cumulative = 0;
  for (std::size_t i = 0; i < Histogram::buckets; ++i) {
    cumulative += totals.buckets[i];
    histogram.bucket.push_back(
        {cumulative, in_ms(static_cast<double>(Histogram::bounds()[i].count()))});
  }
  return histogram;
}

ClientMetric prometheus_metric(const Series& series) {
  ClientMetric metric;
  for (const Label& label : series.labels) metric.label.push_back({label.name, label.value});
  switch (series.cells.index()) {
    case counter_kind:
      metric.counter.value = static_cast<double>(series.totals().count);
      break;
    case gauge_kind:
      metric.gauge.value = series.gauge();
      break;
    default:
      metric.histogram = prometheus_histogram(series.totals());
  }
  return metric;
}

std::string prometheus_name(std::string name) {
  std::ranges::replace_if(name, [](char c) { return c == '.' || c == '-'; }, '_');
  return name;
}

}  // namespace

const std::vector<Nanos>& Histogram::bounds() {
  static const std::vector<Nanos> bounds = [] {
    std::vector<Nanos> made;
    for (std::int64_t decade = 10'000; made.size() < buckets; decade *= 10) {
      for (const std::int64_t step : {1, 2, 5}) {
        if (made.size() < buckets) made.emplace_back(decade * step);
      }
    }
    return made;
  }();
  return bounds;
}

void Histogram::observe(Nanos duration) {
  duration = std::max(duration, Nanos{0});
  const auto at = std::ranges::lower_bound(bounds(), duration) - bounds().begin();
  std::atomic<std::uint64_t>& count = counts_[static_cast<std::size_t>(at)];
  count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  sum_ns_.store(sum_ns_.load(std::memory_order_relaxed) + duration.count(),
                std::memory_order_relaxed);
}

std::uint64_t Histogram::total_count() const {
  std::uint64_t total = 0;
  for (std::size_t i = 0; i <= buckets; ++i) total += count(i);
  return total;
}

struct Metrics::Impl final : prometheus::Collectable {
  mutable std::mutex mutex;
  std::map<std::string, Family> families;  ///< Guarded by `mutex`.
  bool interval_ended = false;             ///< Guarded by `mutex`.
  /// The one gauge that is read when rendering. Guarded by `mutex`.
  Gauge* allocated = nullptr;

  template <class Cell>
  Cell& add(std::string name, std::string help, std::vector<Label> labels) {
    const std::lock_guard lock(mutex);
    const Kind kind = kind_of<Cell>();
    Family& family =
        families.try_emplace(std::move(name), Family{std::move(help), kind, {}}).first->second;
    CONCLAVE_ASSERT_WHY(family.kind == kind, "a metric's name belongs to one kind");
    Series* series = family.find(labels);
    if (series == nullptr) {
      series = &family.series.emplace_back();
      series->labels = std::move(labels);
      series->cells.emplace<Cells<Cell>>();
    }
    return std::get<Cells<Cell>>(series->cells).emplace_back();
  }

  std::vector<MetricFamily> Collect() const override {
    constexpr std::array types{MetricType::Counter, MetricType::Gauge, MetricType::Histogram};
    const std::lock_guard lock(mutex);
    allocated->set(allocated_bytes());
    std::vector<MetricFamily> collected;
    for (const auto& [name, family] : families) {
      MetricFamily& to = collected.emplace_back();
      to.name = prometheus_name(name);
      to.help = family.help;
      to.type = types[family.kind];
      for (const Series& series : family.series) to.metric.push_back(prometheus_metric(series));
    }
    return collected;
  }
};

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {
  impl_->allocated = &gauge("consul.runtime.alloc_bytes", "Bytes allocated by the process.");
}
Metrics::~Metrics() = default;

Counter& Metrics::counter(std::string name, std::string help, std::vector<Label> labels) {
  return impl_->add<Counter>(std::move(name), std::move(help), std::move(labels));
}
Gauge& Metrics::gauge(std::string name, std::string help, std::vector<Label> labels) {
  return impl_->add<Gauge>(std::move(name), std::move(help), std::move(labels));
}
Histogram& Metrics::histogram(std::string name, std::string help, std::vector<Label> labels) {
  return impl_->add<Histogram>(std::move(name), std::move(help), std::move(labels));
}

std::string Metrics::prometheus_text() const {
  std::ostringstream out;
  prometheus::TextSerializer{}.Serialize(out, impl_->Collect());
  return std::move(out).str();
}

std::string Metrics::consul_json(std::string_view host, Nanos wall_now) const {
  std::string gauges;
  std::string counters;
  std::string samples;
  const std::lock_guard lock(impl_->mutex);
  impl_->allocated->set(allocated_bytes());
  for (const auto& [name, family] : impl_->families) {
    for (const Series& series : family.series) {
      const auto shown = [&] {
        return impl_->interval_ended ? series.last_interval : series.totals();
      };
      switch (family.kind) {
        case counter_kind:
          append_counter(counters, name, shown(), series.labels);
          break;
        case gauge_kind:
          append_gauge(gauges, with_host(name, host), series.gauge(), series.labels);
          break;
        default:
          append_sample(samples, name, shown(), series.labels);
      }
    }
  }
  const std::time_t seconds = std::chrono::duration_cast<std::chrono::seconds>(wall_now).count();
  return fmt::format(
      R"({{"Timestamp":"{:%Y-%m-%d %H:%M:%S} +0000 UTC","Gauges":[{}],"Points":[],"Counters":[{}],)"
      R"("Samples":[{}]}})",
      fmt::gmtime(seconds), gauges, counters, samples);
}

void Metrics::end_interval() {
  const std::lock_guard lock(impl_->mutex);
  for (auto& [name, family] : impl_->families) {
    for (Series& series : family.series) {
      const Totals now = series.totals();
      series.last_interval = now - series.at_interval_start;
      series.at_interval_start = now;
    }
  }
  impl_->interval_ended = true;
}

}  // namespace conclave
