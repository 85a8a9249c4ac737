#include "base/run/log.h"

#include <fmt/chrono.h>
#include <spdlog/async.h>
#include <spdlog/sinks/base_sink.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <vector>

#include "base/core/text.h"
#include "base/run/clock.h"
#include "base/run/log_tap.h"

namespace conclave {
namespace {

constexpr std::size_t queue_lines = 8192;

struct LevelNames {
  std::string_view padded;  ///< As Consul aligns them.
  std::string_view json;
};
constexpr std::array<LevelNames, 5> level_names{{{"[TRACE] ", "trace"},
                                                 {"[DEBUG] ", "debug"},
                                                 {"[INFO]  ", "info"},
                                                 {"[WARN]  ", "warn"},
                                                 {"[ERROR] ", "error"}}};

const LevelNames& names_of(LogLevel level) { return level_names[static_cast<std::size_t>(level)]; }

/// Best effort: there is nobody to tell that the log cannot be written.
void write_to(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

void append_escaped(std::string& out, std::string_view text, bool json) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (json && (c == '"' || c == '\\')) {
      out.push_back('\\');
      out.push_back(c);
    } else if (c == '\n') {
      out += "\\n";
    } else if (byte < 0x20 || byte == 0x7f) {
      out += json ? fmt::format("\\u{:04x}", byte) : fmt::format("\\x{:02x}", byte);
    } else {
      out.push_back(c);
    }
  }
}

/// Runs on spdlog's one thread; lines come complete.
class StandardOutputSink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    write_to(STDOUT_FILENO, {message.payload.data(), message.payload.size()});
  }
  void flush_() override {}
};

struct Writer {
  std::shared_ptr<spdlog::details::thread_pool> pool =
      std::make_shared<spdlog::details::thread_pool>(queue_lines, 1);
  std::shared_ptr<spdlog::async_logger> logger =
      std::make_shared<spdlog::async_logger>("conclave", std::make_shared<StandardOutputSink>(),
                                             pool, spdlog::async_overflow_policy::overrun_oldest);
};

/// The process's log. Never destroyed: threads may log until the very end.
struct State {
  std::atomic<LogLevel> level{LogLevel::info};
  std::atomic<LogLevel> lowest{LogLevel::info};  ///< Of `level` and all taps.
  std::atomic<bool> json{false};
  std::shared_mutex mutex;           ///< Writers of lines share it; who changes the rest owns it.
  std::vector<LogTap*> taps;         ///< Guarded by `mutex`.
  std::unique_ptr<Writer> writer;    ///< Guarded by `mutex`.
  std::uint64_t dropped_before = 0;  ///< By writers that are gone. Guarded by `mutex`.
};

State& state() {
  static auto* const state = new State;
  return *state;
}

/// Requires: the mutex is owned.
void update_lowest() {
  LogLevel lowest = state().level.load();
  for (const LogTap* tap : state().taps) lowest = std::min(lowest, tap->level());
  state().lowest.store(lowest);
}

/// Requires: the mutex is shared.
void write_to_taps(Nanos now, LogLevel level, std::string_view component, std::string_view line) {
  std::array<std::string, 2> forms;  // Plain and JSON, as far as anybody wants them.
  for (LogTap* tap : state().taps) {
    if (level < tap->level()) continue;
    std::string& form = forms[tap->json() ? 1 : 0];
    if (form.empty()) form = format_log_line(now, level, component, line, tap->json());
    tap->add(form);
  }
}

}  // namespace

Result<LogLevel> parse_log_level(std::string_view text) {
  const std::string lowered = to_lower_ascii(text);
  if (lowered == "err") return LogLevel::error;
  for (std::size_t i = 0; i < level_names.size(); ++i) {
    if (lowered == level_names[i].json) return static_cast<LogLevel>(i);
  }
  return fail(ErrorCode::bad_request, "unknown log level '" + std::string(text) +
                                          "': use one of trace, debug, info, warn, error");
}

std::string format_log_line(Nanos wall, LogLevel level, std::string_view component,
                            std::string_view line, bool json) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(wall);
  const auto fraction = (wall - seconds).count();
  const std::tm time = fmt::gmtime(static_cast<std::time_t>(seconds.count()));
  std::string out;
  if (json) {
    out = fmt::format(R"({{"@level":"{}","@message":")", names_of(level).json);
    append_escaped(out, line, true);
    out += R"(","@module":")";
    append_escaped(out, component, true);
    fmt::format_to(std::back_inserter(out), R"(","@timestamp":"{:%Y-%m-%dT%H:%M:%S}.{:06}Z"}})",
                   time, fraction / 1'000);
  } else {
    out = fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z {}{}: ", time, fraction / 1'000'000,
                      names_of(level).padded, component);
    append_escaped(out, line, false);
  }
  out.push_back('\n');
  return out;
}

void start_log(LogLevel level, bool json) {
  const std::unique_lock lock(state().mutex);
  state().level.store(level);
  update_lowest();
  state().json.store(json);
  if (!state().writer) state().writer = std::make_unique<Writer>();
}

void stop_log() {
  const std::unique_lock lock(state().mutex);
  if (!state().writer) return;
  state().dropped_before += state().writer->pool->overrun_counter();
  // The pool's destructor writes out what is queued and joins its thread.
  state().writer.reset();
}

void set_log_level(LogLevel level) {
  const std::unique_lock lock(state().mutex);
  state().level.store(level);
  update_lowest();
}

bool log_enabled(LogLevel level) { return level >= state().lowest.load(std::memory_order_relaxed); }

void write_log(LogLevel level, std::string_view component, std::string_view line) {
  const Nanos now = system_clock().wall_now();
  const std::shared_lock lock(state().mutex);
  write_to_taps(now, level, component, line);
  if (level < state().level.load(std::memory_order_relaxed)) return;
  const std::string bytes =
      format_log_line(now, level, component, line, state().json.load(std::memory_order_relaxed));
  if (state().writer) {
    state().writer->logger->log(spdlog::level::info,
                                spdlog::string_view_t(bytes.data(), bytes.size()));
  } else {
    write_to(STDERR_FILENO, bytes);
  }
}

std::uint64_t dropped_log_lines() {
  const std::shared_lock lock(state().mutex);
  return state().dropped_before + (state().writer ? state().writer->pool->overrun_counter() : 0);
}

LogTap::LogTap(LogLevel level, bool json) : level_(level), json_(json) {
  const std::unique_lock lock(state().mutex);
  state().taps.push_back(this);
  update_lowest();
}

LogTap::~LogTap() {
  const std::unique_lock lock(state().mutex);
  std::erase(state().taps, this);
  update_lowest();
}

void LogTap::add(std::string_view line) {
  const std::scoped_lock lock(mutex_);
  // After the first dropped line nothing more is kept until it was told: no gap goes unnoticed.
  if (dropped_untold_ > 0 || lines_.size() + line.size() > bytes_max) {
    ++dropped_;
    ++dropped_untold_;
  } else {
    lines_ += line;
  }
}

std::string LogTap::take() {
  const std::scoped_lock lock(mutex_);
  std::string taken = std::exchange(lines_, {});
  if (const std::uint64_t untold = std::exchange(dropped_untold_, 0); untold > 0) {
    taken += format_log_line(system_clock().wall_now(), LogLevel::warn, "agent",
                             fmt::format("Dropped {} logs during monitor request: its reader is "
                                         "too slow",
                                         untold),
                             json_);
  }
  return taken;
}

std::uint64_t LogTap::dropped() const {
  const std::scoped_lock lock(mutex_);
  return dropped_;
}

void die(std::string_view component, std::string_view sentence) {
  write_log(LogLevel::error, component, sentence);
  stop_log();
  write_to(STDERR_FILENO, fmt::format("conclave: {}: {}\n", component, sentence));
  std::abort();
}

}  // namespace conclave
