#pragma once

/// What each thread of this process is doing, from /proc. The texts are parameters, so that parsing
/// is pure.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/core/duration.h"

namespace conclave::agent {

struct ThreadTime {
  std::string id;
  std::string name;
  char state = '?';  ///< As the kernel says: R running, S sleeping, D in I/O, ...
  Nanos user{};
  Nanos system{};
};

/// One /proc/self/task/<id>/stat; `ticks_per_second`: the unit of its times.
std::optional<ThreadTime> parse_thread(std::string_view stat, std::int64_t ticks_per_second);

/// All threads of this process, by id.
std::vector<ThreadTime> threads_now();

/// A line for each thread, the busiest first: what it used between the two, of `elapsed`. Threads
/// that began meanwhile count from their beginning.
std::string usage_table(const std::vector<ThreadTime>& before, const std::vector<ThreadTime>& after,
                        Nanos elapsed);

}  // namespace conclave::agent
