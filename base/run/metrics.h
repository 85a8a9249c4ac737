#pragma once

/// Metrics: declared once by name, written from one thread each without locks, summed when scraped.
/// Each loop or thread that writes a metric asks for its own cell; the registry adds up the cells,
/// renders Prometheus text through prometheus-cpp, and Consul's JSON (contract 6.4). Everything
/// registered shows at 0 from the start.
///
/// Names are Consul's with dots ("consul.kvs.apply"); in Prometheus text dots become underscores.
/// Durations are shown in milliseconds, in both, because dashboards made for Consul expect it.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/core/duration.h"
#include "base/run/clock.h"

namespace conclave {

/// A number that only one thread writes and any thread reads: a plain load and store, no locked
/// instruction.
class Counter {
 public:
  void add(std::uint64_t n = 1) {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

class Gauge {
 public:
  void set(double value) { value_.store(value, std::memory_order_relaxed); }
  double value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_{0};
};

/// Durations in fixed buckets of 1, 2, 5 steps from 10 µs to 10 s. Written by one thread.
class Histogram {
 public:
  static constexpr std::size_t buckets = 19;
  /// The upper bounds (inclusive), ascending; one more bucket above them is unbounded.
  static const std::vector<Nanos>& bounds();

  void observe(Nanos duration);
  /// Observations in one bucket alone, 0 .. buckets.
  std::uint64_t count(std::size_t bucket) const {
    return counts_[bucket].load(std::memory_order_relaxed);
  }
  std::uint64_t total_count() const;
  Nanos sum() const { return Nanos{sum_ns_.load(std::memory_order_relaxed)}; }

 private:
  std::atomic<std::uint64_t> counts_[buckets + 1]{};
  std::atomic<std::int64_t> sum_ns_{0};
};

struct Label {
  std::string name;
  std::string value;
  friend bool operator==(const Label&, const Label&) = default;
};

/// Registration and rendering lock; writing a cell does not. Cells live as long as the registry.
class Metrics {
 public:
  /// Registers consul.runtime.alloc_bytes, which is read when rendering.
  Metrics();
  ~Metrics();

  /// A new cell of the metric of that name and those labels, for one writing thread. Repeated calls
  /// give new cells, one for each thread that writes; what is shown is their sum, of gauges too.
  /// One name is of one kind.
  Counter& counter(std::string name, std::string help, std::vector<Label> labels = {});
  Gauge& gauge(std::string name, std::string help, std::vector<Label> labels = {});
  Histogram& histogram(std::string name, std::string help, std::vector<Label> labels = {});

  /// Prometheus text format 0.0.4. Any thread.
  std::string prometheus_text() const;

  /// The JSON of /v1/agent/metrics (contract 6.4): Gauges, Points, Counters, Samples. As in Consul,
  /// counters and samples show the last finished interval; before the first one has finished, what
  /// there was since the start. `host`: comes after the first word of each gauge's name, as Consul
  /// tells the gauges of many agents apart; "" = does not. `wall_now`: the time to show. Any
  /// thread.
  std::string consul_json(std::string_view host = {},
                          Nanos wall_now = system_clock().wall_now()) const;
  /// Ends an interval of the JSON. Whoever composes the process calls it every `interval`.
  void end_interval();
  static constexpr Nanos interval = std::chrono::seconds{10};

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace conclave
