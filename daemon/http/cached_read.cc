#include "daemon/http/cached_read.h"

#include <algorithm>
#include <chrono>

#include "base/core/text.h"

namespace conclave::daemon {

namespace {

/// More is the same as for ever, and would not fit in nanoseconds.
constexpr std::int64_t seconds_max = 1'000'000'000;

Result<Nanos> parse_seconds(std::string_view text) {
  const auto seconds = parse_i64(text);
  if (!seconds) return fail(ErrorCode::bad_request, "Invalid Cache-Control header.");
  return std::chrono::seconds(std::clamp<std::int64_t>(*seconds, 0, seconds_max));
}

Result<void> read_directive(std::string_view directive, CacheControl& control) {
  constexpr std::string_view max_age = "max-age=";
  constexpr std::string_view stale_if_error = "stale-if-error=";
  if (directive == "must-revalidate") {
    control.must_revalidate = true;
  } else if (directive.starts_with(max_age)) {
    CONCLAVE_TRY_ASSIGN(control.max_age, parse_seconds(directive.substr(max_age.size())));
    if (*control.max_age == Nanos(0)) control.must_revalidate = true;
  } else if (directive.starts_with(stale_if_error)) {
    CONCLAVE_TRY_ASSIGN(control.stale_if_error,
                        parse_seconds(directive.substr(stale_if_error.size())));
  }
  return {};
}

}  // namespace

Result<CacheControl> parse_cache_control(std::string_view header) {
  CacheControl control;
  const std::string lower = to_lower_ascii(header);
  for (std::string_view rest = lower; !rest.empty();) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    CONCLAVE_TRY(read_directive(trim_spaces(rest.substr(0, comma)), control));
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  return control;
}

bool CachedReads::note(const std::string& identity) {
  if (const auto found = places_.find(identity); found != places_.end()) {
    recent_.splice(recent_.begin(), recent_, found->second);
    return true;
  }
  recent_.push_front(identity);
  places_.emplace(identity, recent_.begin());
  if (recent_.size() > capacity) {
    places_.erase(recent_.back());
    recent_.pop_back();
  }
  return false;
}

}  // namespace conclave::daemon
