#include "tests/sim/seeds.h"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <vector>

#include "base/core/assert.h"

namespace conclave::sim {
namespace {

using RealClock = std::chrono::steady_clock;

std::uint64_t seed_under_way = 0;
void say_seed(int) {
  fmt::print(stderr, "seed {}\n", seed_under_way);
  std::signal(SIGABRT, SIG_DFL);
  std::abort();
}

/// Every `step`th seed of the range.
bool run_part(const SeedRange& range, std::uint64_t offset, RealClock::time_point end,
              Totals& totals) {
  for (std::uint64_t i = offset;; i += range.jobs) {
    if (range.count > 0 ? i >= range.count : RealClock::now() >= end) return true;
    const std::uint64_t seed = range.first + i;
    const std::string failure = run_seed(seed, totals);
    if (failure.empty()) continue;
    fmt::print("seed {}: {}\nSIM_FIRST={} SIM_SEEDS=1 repeats it, SIM_TRACE=1 shows its messages\n",
               seed, failure, seed);
    std::fflush(stdout);
    return false;
  }
}

std::string to_text(const Totals& totals) {
  std::string out = fmt::format("{}\n", totals.runs);
  for (const auto& [name, count] : totals.counts) {
    out += fmt::format("{}\t{}\t{}\n", count.first, count.second, name);
  }
  return out;
}

Totals from_text(std::string text) {
  Totals totals;
  char* at = text.data();
  totals.runs = std::strtoull(at, &at, 10);
  while (*at == '\n' && at[1] != '\0') {
    const std::uint64_t with = std::strtoull(at + 1, &at, 10);
    const std::uint64_t sum = std::strtoull(at + 1, &at, 10);
    char* end = at + 1;
    while (*end != '\n') ++end;
    totals.counts[std::string(at + 1, end)] = {with, sum};
    at = end;
  }
  return totals;
}

struct Job {
  pid_t process = 0;
  int totals = -1;  ///< Where it writes them.
};

Job start_job(const SeedRange& range, std::uint64_t offset, RealClock::time_point end) {
  int ends[2];
  CONCLAVE_ASSERT(::pipe(ends) == 0);
  std::fflush(stdout);
  const pid_t child = ::fork();
  CONCLAVE_ASSERT(child >= 0);
  if (child == 0) {
    ::close(ends[0]);
    Totals mine;
    const bool held = run_part(range, offset, end, mine);
    const std::string text = to_text(mine);
    const bool told = ::write(ends[1], text.data(), text.size()) >= 0;
    ::_exit(held && told ? 0 : 1);
  }
  ::close(ends[1]);
  return {child, ends[0]};
}

bool finish_job(const Job& job, Totals& totals) {
  std::string text;
  char buffer[4096];
  for (ssize_t n = 0; (n = ::read(job.totals, buffer, sizeof buffer)) > 0;) {
    text.append(buffer, static_cast<std::size_t>(n));
  }
  ::close(job.totals);
  int status = 0;
  CONCLAVE_ASSERT(::waitpid(job.process, &status, 0) == job.process);
  totals.add(from_text(text));
  return status == 0;
}

}  // namespace

std::uint64_t setting(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

void Totals::add(const std::string& name, std::uint64_t count) {
  auto& [with, sum] = counts[name];
  with += count > 0 ? 1 : 0;
  sum += count;
}

void Totals::add(const Totals& other) {
  runs += other.runs;
  for (const auto& [name, count] : other.counts) {
    counts[name].first += count.first;
    counts[name].second += count.second;
  }
}

void Totals::add(const World& world) {
  const Coverage& c = world.coverage();
  const Observer& o = world.observer();
  const Truth& t = world.truth();
  ++runs;
  add("events", world.events());
  add("simulated seconds", world.now() / seconds);
  add("faults", c.faults);
  add("leader changes", o.leaders > 0 ? o.leaders - 1 : 0);
  add("log truncations", world.truncations());
  add("snapshot installs", c.installs);
  add("reads of the log", c.log_reads);
  add("configuration changes", o.configurations);
  add("leadership transfers", c.transfers);
  add("damaged logs", c.damages);
  add("torn logs", c.torn_writes);
  add("wiped disks", c.wipes);
  add("copied directories", c.copies);
  add("messages of copies refused", c.copies_refused);
  add("crashes", c.crashes);
  add("pauses", c.pauses);
  add("partitions", c.partitions);
  add("slow disks", c.slow_disks);
  add("clock jumps", c.clock_jumps);
  add("session expiries", t.expiries);
  add("lock hand-overs after a crash", t.handovers);
  add("client operations", c.operations);
  add("acknowledged writes", c.acknowledged);
  add("unknown outcomes", c.unknown);
  add("refused writes", c.refused);
  add("commands applied", t.commands);
  add("commands repeated", t.repeated);
  add("linearizable reads", c.reads);
  add("reads under a lease", c.lease_reads);
  add("reads by a round", c.index_reads);
  add("stale reads", c.stale_reads);
  add("watch answers", c.watches);
  add("stream reads", c.stream_reads);
  add("renewals", c.renewals);
  add("locks", c.locks);
}

std::uint64_t Totals::percent_of_runs(const std::string& name) const {
  const auto found = counts.find(name);
  return found == counts.end() || runs == 0 ? 0 : 100 * found->second.first / runs;
}

void Totals::print(double real_seconds) const {
  fmt::print("{} seeds in {:.1f} s, {:.1f} a second\n", runs, real_seconds,
             static_cast<double>(runs) / real_seconds);
  for (const auto& [name, count] : counts) {
    fmt::print("  {:32} {:12} in {:3} % of the seeds\n", name, count.second, percent_of_runs(name));
  }
}

std::string run_seed(std::uint64_t seed, Totals& totals) {
  std::signal(SIGABRT, say_seed);
  seed_under_way = seed;
  World world(seed, setting("SIM_TRACE", 0) != 0);
  try {
    world.run();
  } catch (const Violation& violation) {
    return violation.what();
  }
  totals.add(world);
  if (world.coverage().operations < operations_min) return "too few operations";
  if (world.coverage().faults < faults_min) return "too few faults";
  return {};
}

bool run_seeds(const SeedRange& range, Totals& totals) {
  const auto end = RealClock::now() + std::chrono::seconds(range.real_seconds);
  if (range.jobs == 1) return run_part(range, 0, end, totals);
  std::vector<Job> jobs;
  for (std::uint64_t i = 0; i < range.jobs; ++i) jobs.push_back(start_job(range, i, end));
  bool held = true;
  for (const Job& job : jobs) held = finish_job(job, totals) && held;
  return held;
}

}  // namespace conclave::sim
