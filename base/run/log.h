#pragma once

/// The log: lines as Consul writes them, `2026-01-01T00:00:00.000Z [INFO]  agent: Synced node
/// info`, so that the scripts that look for them keep working. spdlog's bounded asynchronous writer
/// stands behind it, out of sight of this header; what does not fit is dropped and counted.

#include <fmt/format.h>

#include <cstdint>
#include <string_view>
#include <utility>

#include "base/core/duration.h"
#include "base/core/result.h"

namespace conclave {

enum class LogLevel { trace, debug, info, warn, error };

/// "trace|debug|info|warn|err|error" without regard to case.
Result<LogLevel> parse_log_level(std::string_view text);

/// Starts the writer, to standard output as Consul does; before it, and after stop_log(), lines go
/// straight to standard error. `json`: one JSON object a line.
void start_log(LogLevel level, bool json);
/// Writes out what is queued and stops the writer.
void stop_log();
void set_log_level(LogLevel level);
bool log_enabled(LogLevel level);
/// `component` is the lower-case word before the colon: agent, raft, store, http, check, ...
/// Any thread; never waits for the disk or the terminal once the writer runs.
void write_log(LogLevel level, std::string_view component, std::string_view line);
/// Lines lost because more came than the queue (8,192 lines) holds; the oldest go first.
std::uint64_t dropped_log_lines();

/// One line with its line end, as it is written. Control characters are escaped, so that nothing
/// a client sends can look like a line of its own. `wall`: Unix time.
std::string format_log_line(Nanos wall, LogLevel level, std::string_view component,
                            std::string_view line, bool json);

template <class... Args>
void log(LogLevel level, std::string_view component, fmt::format_string<Args...> format,
         Args&&... args) {
  if (log_enabled(level)) {
    write_log(level, component, fmt::format(format, std::forward<Args>(args)...));
  }
}

template <class... Args>
void log_debug(std::string_view component, fmt::format_string<Args...> format, Args&&... args) {
  log(LogLevel::debug, component, format, std::forward<Args>(args)...);
}
template <class... Args>
void log_info(std::string_view component, fmt::format_string<Args...> format, Args&&... args) {
  log(LogLevel::info, component, format, std::forward<Args>(args)...);
}
template <class... Args>
void log_warn(std::string_view component, fmt::format_string<Args...> format, Args&&... args) {
  log(LogLevel::warn, component, format, std::forward<Args>(args)...);
}
template <class... Args>
void log_error(std::string_view component, fmt::format_string<Args...> format, Args&&... args) {
  log(LogLevel::error, component, format, std::forward<Args>(args)...);
}

/// A fault: one sentence to the log and to standard error, then abort. For failed syncs, failed
/// commits and corrupt pages: this process must not go on (design section 5).
[[noreturn]] void die(std::string_view component, std::string_view sentence);

}  // namespace conclave
