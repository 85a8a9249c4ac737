/// bench_apply_probe: the state machine on its store, without log, network or HTTP: what one KV
/// write costs in CPU time and file writes. CPU time means something on a busy machine too.
///
///     bench_apply_probe FOLDER [commands of a batch [MiB of rows that share a commit]]
///
/// Fills 100,000 keys of 256 bytes, then overwrites keys drawn by chance, and prints a line for
/// each, with the anonymous memory at its end.

#include <fmt/format.h>
#include <unistd.h>

#include <ctime>
#include <filesystem>

#include "base/core/rng.h"
#include "base/core/text.h"
#include "base/run/log.h"
#include "base/run/loop.h"
#include "base/run/metrics.h"
#include "daemon/command/command.h"
#include "daemon/state/state_machine.h"
#include "daemon/store/store.h"
#include "tests/bench/machine.h"

namespace conclave::daemon {

namespace {

constexpr std::uint64_t keys = 100'000;
constexpr std::uint64_t overwrites = 200'000;
constexpr std::size_t value_bytes = 256;

double cpu_us(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
}

class Probe {
 public:
  Probe(Store& store, Loop& loop, std::uint64_t batch) : store_(store), loop_(loop), batch_(batch) {
    const auto first = store_.begin();
    initialise_state(first->rows());
    first->commit({.index = ++index_, .term = 1});
  }

  /// `key_of` gives the number of each key written.
  template <class KeyOf>
  void run(std::string_view name, std::uint64_t count, KeyOf key_of) {
    const double thread_before = cpu_us(CLOCK_THREAD_CPUTIME_ID);
    const double process_before = cpu_us(CLOCK_PROCESS_CPUTIME_ID);
    for (std::uint64_t done = 0; done < count; done += batch_) {
      apply_batch(std::min(batch_, count - done), key_of);
      loop_.run_ready();
    }
    const auto per_write = [&](double us) { return us / static_cast<double>(count); };
    fmt::print("{}: {:.2f} us of the main thread, {:.2f} us of the process for one write; {} MB\n",
               name, per_write(cpu_us(CLOCK_THREAD_CPUTIME_ID) - thread_before),
               per_write(cpu_us(CLOCK_PROCESS_CPUTIME_ID) - process_before),
               bench::anonymous_bytes(::getpid()) >> 20);
  }

 private:
  template <class KeyOf>
  void apply_batch(std::uint64_t size, KeyOf& key_of) {
    const auto batch = store_.begin();
    const ApplyTime time{.cluster_time_ms = index_};
    ChangeSet changes;
    for (std::uint64_t i = 0; i < size; ++i) {
      KvOp op{.key = fmt::format("bench/{:08}", key_of()), .value = {value_}};
      const std::string stamp = fmt::format("{:016x}", rng_.next());
      op.value.data.replace(0, stamp.size(), stamp);
      (void)apply({.body = std::move(op)}, time, batch->rows(), changes);
    }
    record_time(time, batch->rows());
    batch->commit({.index = ++index_, .term = 1});
  }

  Store& store_;
  Loop& loop_;
  const std::uint64_t batch_;
  std::uint64_t index_ = 0;
  Rng rng_{1};
  const std::string value_ = std::string(value_bytes, 'v');
};

int run_probe(const std::string& folder, std::uint64_t batch, std::uint64_t shared_mib) {
  set_log_level(LogLevel::error);
  std::filesystem::remove_all(folder);
  Loop loop("main");
  Metrics metrics;
  StoreOptions options;
  options.directory = folder;
  options.shared_commit_bytes = shared_mib << 20;
  const Result<std::unique_ptr<Store>> store = Store::open(options, loop, metrics);
  if (!store) {
    fmt::print(stderr, "bench_apply_probe: {}\n", store.error().message);
    return 1;
  }
  Probe probe(**store, loop, batch);
  std::uint64_t next = 0;
  Rng rng(2);
  probe.run("new keys", keys, [&] { return next++; });
  for (int round = 0; round < 3; ++round) {
    probe.run("overwrites", overwrites / 2, [&] { return rng.below(keys); });
  }
  (*store)->close();
  std::filesystem::remove_all(folder);
  return 0;
}

}  // namespace

}  // namespace conclave::daemon

int main(int argc, char** argv) {
  const auto argument = [&](int at, std::uint64_t otherwise) {
    return at < argc ? conclave::parse_u64(argv[at]) : std::optional(otherwise);
  };
  const auto batch = argument(2, 32);
  const auto shared_mib = argument(3, 2);
  if (argc < 2 || argc > 4 || !batch || *batch == 0 || !shared_mib) {
    fmt::print(stderr, "usage: bench_apply_probe FOLDER [COMMANDS [MIB]]\n");
    return 2;
  }
  return conclave::daemon::run_probe(argv[1], *batch, *shared_mib);
}
