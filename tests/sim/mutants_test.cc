/// A simulator is worth what it notices: each deliberate mistake must be caught within some seeds.
///   SIM_MUTANT_SEEDS=1000   how many seeds each has (default 300)

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>

#include "base/core/assert.h"
#include "tests/sim/mutant.h"
#include "tests/sim/seeds.h"

namespace conclave::sim {
namespace {

/// In a child: what it does wrong may end it. It says where it is in memory that both see.
struct Progress {
  std::uint64_t seeds = 0;
  char caught[200] = "";
};

void hunt(Mutant mutant, std::uint64_t seeds, Progress& progress) {
  mutate(mutant);
  Totals totals;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    progress.seeds = seed;
    const std::string violation = run_seed(seed, totals);
    if (violation.empty()) continue;
    violation.copy(progress.caught, sizeof progress.caught - 1);
    return;
  }
}

class Mutants : public testing::TestWithParam<MutantName> {};

TEST_P(Mutants, are_caught) {
  const std::uint64_t seeds = setting("SIM_MUTANT_SEEDS", 300);
  void* shared =
      ::mmap(nullptr, sizeof(Progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  CONCLAVE_ASSERT(shared != MAP_FAILED);
  auto* progress = new (shared) Progress;
  std::fflush(stdout);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    hunt(GetParam().mutant, seeds, *progress);
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  std::string caught = progress->caught;
  if (status != 0) caught = "an assertion";
  fmt::print("{}: after {} seeds: {}\n", GetParam().name, progress->seeds,
             caught.substr(0, caught.find('\n')));
  EXPECT_NE(caught, "") << GetParam().name << " went unnoticed";
  ::munmap(shared, sizeof(Progress));
}

std::string test_name(const testing::TestParamInfo<MutantName>& info) {
  std::string name = info.param.name;
  for (char& c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  }
  return name;
}

INSTANTIATE_TEST_SUITE_P(Simulation, Mutants, testing::ValuesIn(mutant_names), test_name);

}  // namespace
}  // namespace conclave::sim
