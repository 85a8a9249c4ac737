#pragma once

/// Durations as Go writes them, because that is what Consul's clients send and read:
/// "10s", "1h2m", "1.5s", "100ms", "-3us"; units ns us µs ms s m h (contract section 0).

#include <chrono>
#include <string>
#include <string_view>

#include "base/core/result.h"

namespace conclave {

using Nanos = std::chrono::nanoseconds;

/// Go's time.ParseDuration. Errors carry Go's own text, e.g.
/// `time: invalid duration "abc"`, `time: missing unit in duration "5"`, as clients match on it.
Result<Nanos> parse_duration(std::string_view text);

/// Go's Duration.String(): "0s", "1.5s", "2m0s", "1h0m0s", "15ms".
std::string format_duration(Nanos duration);

}  // namespace conclave
