/// bench_load: one workload against one server, one line of JSON on standard output. scripts/bench
/// calls it in turn for each server and compares.

#include <fmt/format.h>
#include <sys/resource.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <functional>

#include "base/core/rng.h"
#include "tests/bench/driver.h"
#include "tests/bench/machine.h"

namespace conclave::bench {

namespace {

using namespace std::chrono_literals;

struct Options {
  std::string server = "http";
  std::string workload = "put";
  std::string host = "127.0.0.1";
  std::vector<std::uint16_t> ports = {8500};
  std::vector<int> pids;
  std::size_t connections = 64;
  double seconds = 3;
  double warm_up = 0.5;
  std::uint64_t keys = 100'000;
  std::uint64_t first_key = 0;
  std::size_t value_bytes = 256;
  std::uint64_t seed = 1;
  std::string folder = ".";
};

std::string key_of(std::uint64_t number) { return fmt::format("bench/{:08}", number); }

std::chrono::milliseconds to_ms(double seconds) {
  return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

double servers_cpu_seconds(const Options& options) {
  double sum = 0;
  for (const int pid : options.pids) sum += cpu_seconds(pid);
  return sum;
}

/// Memory is that of the first process named, the leader.
int first_pid(const Options& options) { return options.pids.empty() ? 0 : options.pids.front(); }

void print_result(const Options& options, const LoopResult& result, double cpu, double lost) {
  const double operations = static_cast<double>(std::max<std::uint64_t>(result.operations, 1));
  fmt::print(
      "{{\"server\":\"{}\",\"workload\":\"{}\",\"connections\":{},\"operations\":{},"
      "\"per_second\":{:.0f},\"p50_us\":{:.1f},\"p99_us\":{:.1f},\"cpu_us_per_op\":{:.2f},"
      "\"anonymous_bytes\":{},\"resident_bytes\":{},\"lost_cpu_share\":{:.4f}}}\n",
      options.server, options.workload, options.connections, result.operations,
      static_cast<double>(result.operations) / result.seconds,
      static_cast<double>(result.latency.percentile(0.50)) / 1e3,
      static_cast<double>(result.latency.percentile(0.99)) / 1e3, cpu * 1e6 / operations,
      anonymous_bytes(first_pid(options)), resident_bytes(first_pid(options)), lost);
}

/// Every key once, from `first_key` on, so that reads find what they ask for.
void fill(const Options& options, Driver& driver) {
  driver.connect(options.connections);
  std::uint64_t number = options.first_key;
  const std::string value(options.value_bytes, 'v');
  const double cpu = servers_cpu_seconds(options);
  const CpuTicks ticks = cpu_ticks();
  const LoopResult result = closed_loop(driver, 10min, options.keys, [&] {
    return Operation{Operation::Kind::create, key_of(number++), value};
  });
  print_result(options, result, servers_cpu_seconds(options) - cpu, lost_share(ticks, cpu_ticks()));
}

void measure(const Options& options, Driver& driver, const std::function<Operation()>& next) {
  closed_loop(driver, to_ms(options.warm_up), 0, next);
  const double cpu = servers_cpu_seconds(options);
  const CpuTicks ticks = cpu_ticks();
  const LoopResult result = closed_loop(driver, to_ms(options.seconds), 0, next);
  print_result(options, result, servers_cpu_seconds(options) - cpu, lost_share(ticks, cpu_ticks()));
}

/// Random keys of those filled in; values differ from write to write, so that each is a change.
void run_loop(const Options& options, Driver& driver, Operation::Kind kind) {
  driver.connect(options.connections);
  Rng rng(options.seed);
  std::string value(options.value_bytes, 'v');
  const auto next = [&] {
    Operation operation{kind, key_of(options.first_key + rng.below(options.keys)), {}};
    if (kind == Operation::Kind::put) {
      const std::string stamp = fmt::format("{:016x}", rng.next());
      value.replace(0, std::min(stamp.size(), value.size()), stamp, 0, value.size());
      operation.value = value;
    }
    return operation;
  };
  measure(options, driver, next);
}

/// New keys for a while. Where they begin differs from run to run; they are apart from those that
/// reads ask for.
void create(const Options& options, Driver& driver) {
  driver.connect(options.connections);
  std::uint64_t number = options.first_key;
  const std::string value(options.value_bytes, 'v');
  const auto next = [&] { return Operation{Operation::Kind::create, key_of(number++), value}; };
  measure(options, driver, next);
}

/// Opens `connections` blocking queries and reports what each costs the server in anonymous memory.
/// One key for all ("hot") or one each.
void park(const Options& options, Driver& driver, bool one_key) {
  Driver writer(options.host, options.ports, make_http_session);
  writer.connect(1);
  const std::uint64_t keys = one_key ? 1 : options.connections;
  std::uint64_t number = 0;
  closed_loop(writer, 10min, keys,
              [&] { return Operation{Operation::Kind::put, key_of(number++), "parked"}; });
  const std::uint64_t before = anonymous_bytes(first_pid(options));
  driver.connect(options.connections);
  // The first answer gives each its index; the second request parks.
  std::size_t answered = 0;
  for (std::size_t i = 0; i < options.connections; ++i) {
    driver.begin(i, {Operation::Kind::watch, key_of(one_key ? 0 : i), {}});
    while (answered <= i) {
      driver.poll(1s, [&](std::size_t) { ++answered; });
    }
  }
  driver.poll(1s, [](std::size_t) {});
  const std::uint64_t after = anonymous_bytes(first_pid(options));
  fmt::print(
      "{{\"server\":\"{}\",\"workload\":\"{}\",\"connections\":{},\"bytes_per_query\":{},"
      "\"anonymous_bytes\":{}}}\n",
      options.server, options.workload, options.connections,
      (after - std::min(before, after)) / options.connections, after);
}

/// `connections` watchers of one key; a writer changes it, and again when every watcher has seen
/// the change. Latency: from the write's first byte to a watcher's news.
void fan_out(const Options& options, Driver& watchers, const SessionMaker& make_session) {
  Driver writer(options.host, options.ports, make_session);
  writer.connect(1);
  std::uint64_t stamp = 0;
  const auto write = [&] {
    const auto kind = stamp == 0 ? Operation::Kind::create : Operation::Kind::put;
    writer.begin(0, {kind, "bench/hot", std::to_string(++stamp)});
  };
  std::size_t written = 0;
  write();
  while (written == 0) writer.poll(1s, [&](std::size_t) { ++written; });
  watchers.connect(options.connections);
  for (std::size_t i = 0; i < options.connections; ++i) {
    watchers.begin(i, {Operation::Kind::watch, "bench/hot", {}});
  }
  // What there is already, or the confirmation of the watch.
  const Clock::time_point settled = Clock::now() + 1s;
  while (Clock::now() < settled) watchers.poll(10ms, [](std::size_t) {});

  LoopResult result;
  const double cpu = servers_cpu_seconds(options);
  const CpuTicks ticks = cpu_ticks();
  const Clock::time_point start = Clock::now();
  while (Clock::now() - start < to_ms(options.seconds)) {
    std::size_t seen = 0;
    written = 0;
    const Clock::time_point began = Clock::now();
    write();
    while (seen < options.connections) {
      watchers.poll(1ms, [&](std::size_t) {
        ++seen;
        ++result.operations;
        result.latency.add(static_cast<std::uint64_t>((Clock::now() - began).count()));
      });
    }
    while (written == 0) writer.poll(1s, [&](std::size_t) { ++written; });
  }
  result.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  print_result(options, result, servers_cpu_seconds(options) - cpu, lost_share(ticks, cpu_ticks()));
}

void raise_file_limit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

SessionMaker session_maker(const std::string& server) {
  if (server == "etcd") return make_etcd_session;
  if (server == "zookeeper") return make_zookeeper_session;
  return make_http_session;
}

int run(const Options& options) {
  raise_file_limit();
  end_loops_on_sigterm();
  const SessionMaker make_session = session_maker(options.server);
  Driver driver(options.host, options.ports, make_session);
  if (options.workload == "canary") {
    fmt::print("{{\"workload\":\"canary\",\"fdatasync_per_second\":{:.0f}}}\n",
               fdatasync_rate(options.folder));
  } else if (options.workload == "fill") {
    fill(options, driver);
  } else if (options.workload == "create") {
    create(options, driver);
  } else if (options.workload == "put") {
    run_loop(options, driver, Operation::Kind::put);
  } else if (options.workload == "get") {
    run_loop(options, driver, Operation::Kind::get);
  } else if (options.workload == "stale") {
    run_loop(options, driver, Operation::Kind::get_stale);
  } else if (options.workload == "watch") {
    fan_out(options, driver, make_session);
  } else {
    park(options, driver, options.workload == "parked-hot");
  }
  return 0;
}

}  // namespace

}  // namespace conclave::bench

int main(int argc, char** argv) {
  conclave::bench::Options options;
  CLI::App app("Closed-loop load on one server; prints one JSON object.");
  app.add_option("--server", options.server, "Protocol")
      ->check(CLI::IsMember({"http", "etcd", "zookeeper"}));
  app.add_option("--workload", options.workload, "What to do")
      ->check(CLI::IsMember(
          {"canary", "fill", "create", "put", "get", "stale", "watch", "parked", "parked-hot"}));
  app.add_option("--host", options.host, "IPv4 address of the servers");
  app.add_option("--port", options.ports, "Their ports; connections are spread over them");
  app.add_option("--pid", options.pids, "Their processes; memory is that of the first, the leader");
  app.add_option("--connections", options.connections, "Connections, one operation each");
  app.add_option("--seconds", options.seconds, "Measured time");
  app.add_option("--warm-up", options.warm_up, "Time before measuring");
  app.add_option("--keys", options.keys, "Keys in use");
  app.add_option("--first-key", options.first_key, "Number of the first of them");
  app.add_option("--value-bytes", options.value_bytes, "Size of the values");
  app.add_option("--seed", options.seed, "Of the random keys");
  app.add_option("--folder", options.folder, "Where the canary writes");
  CLI11_PARSE(app, argc, argv);
  return conclave::bench::run(options);
}
