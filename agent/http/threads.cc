#include "agent/http/threads.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <system_error>
#include <utility>

namespace conclave::agent {

namespace {

/// Of the fields after the name: proc(5) counts them from 3.
constexpr std::size_t user_field = 11;
constexpr std::size_t system_field = 12;

std::optional<Nanos> ticks(std::string_view text, std::int64_t per_second) {
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return Nanos(std::chrono::seconds(1)) * count / per_second;
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(" \n"), text.size());
    if (end != 0) words.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

double percent(Nanos part, Nanos whole) {
  return whole <= Nanos::zero()
             ? 0.0
             : 100.0 * static_cast<double>(part.count()) / static_cast<double>(whole.count());
}

}  // namespace

std::optional<ThreadTime> parse_thread(std::string_view stat, std::int64_t ticks_per_second) {
  // A name may hold anything, brackets too.
  const std::size_t open = stat.find('(');
  const std::size_t close = stat.rfind(')');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) {
    return std::nullopt;
  }
  const auto ids = words_of(stat.substr(0, open));
  const auto fields = words_of(stat.substr(close + 1));
  if (ids.size() != 1 || fields.size() <= system_field) return std::nullopt;
  const auto user = ticks(fields[user_field], ticks_per_second);
  const auto system = ticks(fields[system_field], ticks_per_second);
  if (!user || !system) return std::nullopt;
  return ThreadTime{.id = std::string(ids[0]),
                    .name = std::string(stat.substr(open + 1, close - open - 1)),
                    .state = fields[0][0],
                    .user = *user,
                    .system = *system};
}

std::vector<ThreadTime> threads_now() {
  const std::int64_t per_second = ::sysconf(_SC_CLK_TCK);
  std::vector<ThreadTime> threads;
  std::error_code error;
  for (std::filesystem::directory_iterator at("/proc/self/task", error), end; !error && at != end;
       at.increment(error)) {
    std::ifstream file(at->path() / "stat");
    const std::string text(std::istreambuf_iterator<char>(file), {});
    if (auto thread = parse_thread(text, per_second)) threads.push_back(std::move(*thread));
  }
  std::ranges::sort(threads, {}, &ThreadTime::id);
  return threads;
}

std::string usage_table(const std::vector<ThreadTime>& before, const std::vector<ThreadTime>& after,
                        Nanos elapsed) {
  std::map<std::string, ThreadTime> known;
  for (const ThreadTime& thread : before) known.emplace(thread.id, thread);
  std::vector<ThreadTime> used = after;
  for (ThreadTime& thread : used) {
    const auto start = known.find(thread.id);
    if (start == known.end()) continue;
    thread.user -= start->second.user;
    thread.system -= start->second.system;
  }
  std::ranges::sort(used, {}, [](const ThreadTime& thread) {
    return std::pair(-(thread.user + thread.system), thread.id);
  });
  std::string table =
      fmt::format("{:<9}{:<17}{:<7}{:>8}{:>9}\n", "thread", "name", "state", "user %", "system %");
  for (const ThreadTime& thread : used) {
    fmt::format_to(std::back_inserter(table), "{:<9}{:<17}{:<7}{:>8.1f}{:>9.1f}\n", thread.id,
                   thread.name, thread.state, percent(thread.user, elapsed),
                   percent(thread.system, elapsed));
  }
  return table;
}

}  // namespace conclave::agent
