// /debug/pprof/*: where Consul has the profiles that a Go program makes of itself, what this
// program can say of the same questions (docs/http-extensions.md). Only with enable_debug.

#include <malloc.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <utility>

#include "agent/http/handlers.h"
#include "agent/http/threads.h"
#include "api/rest/respond.h"
#include "base/run/log_tap.h"
#include "base/run/sleep.h"

namespace conclave::agent {

namespace {

constexpr std::int64_t seconds_default = 30;
constexpr std::int64_t seconds_max = 300;
/// A trace that would be longer ends early.
constexpr std::size_t trace_bytes_max = 8 << 20;
constexpr Nanos trace_interval = std::chrono::milliseconds(100);

/// ?seconds=, or nullopt when that is not a number of them.
std::optional<Nanos> duration_of(const api::Request& request) {
  const std::string_view text = request.parameter("seconds").value_or("");
  std::int64_t seconds = seconds_default;
  if (!text.empty()) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  }
  if (seconds < 1 || seconds > seconds_max) return std::nullopt;
  return std::chrono::seconds(seconds);
}

api::Response bad_duration() {
  return api::text_response(400, "seconds must be between 1 and 300");
}

}  // namespace

Task<api::Response> show_heap(AgentContext* context, api::Request request, std::string rest) {
  static_cast<void>(context), static_cast<void>(request), static_cast<void>(rest);
  char* text = nullptr;
  std::size_t size = 0;
  std::FILE* file = ::open_memstream(&text, &size);
  if (file == nullptr) co_return api::text_response(500, "there is no memory to say it");
  ::malloc_info(0, file);
  std::fclose(file);
  api::Response response = api::text_response(200, std::string(text, size));
  std::free(text);
  co_return response;
}

Task<api::Response> show_threads(AgentContext* context, api::Request request, std::string rest) {
  static_cast<void>(context), static_cast<void>(request), static_cast<void>(rest);
  std::string text;
  for (const ThreadTime& thread : threads_now()) {
    text += "thread " + thread.id + " " + thread.name + ": state " + thread.state + ", user " +
            format_duration(thread.user) + ", system " + format_duration(thread.system) + "\n";
  }
  co_return api::text_response(200, std::move(text));
}

Task<api::Response> profile_threads(AgentContext* context, api::Request request, std::string rest) {
  static_cast<void>(rest);
  const auto duration = duration_of(request);
  if (!duration) co_return bad_duration();
  const std::vector<ThreadTime> before = threads_now();
  const Nanos began = context->clock.boot_now();
  co_await sleep_for(context->loop, *duration);
  co_return api::text_response(
      200, usage_table(before, threads_now(), context->clock.boot_now() - began));
}

Task<api::Response> trace_log(AgentContext* context, api::Request request, std::string rest) {
  static_cast<void>(rest);
  const auto duration = duration_of(request);
  if (!duration) co_return bad_duration();
  LogTap tap(LogLevel::trace, false);
  const Nanos end = context->clock.boot_now() + *duration;
  std::string lines;
  while (context->clock.boot_now() < end && lines.size() < trace_bytes_max) {
    co_await sleep_for(context->loop, std::min(trace_interval, end - context->clock.boot_now()));
    lines += tap.take();
  }
  if (lines.empty()) lines = "nothing was logged meanwhile\n";
  co_return api::text_response(200, std::move(lines));
}

}  // namespace conclave::agent
