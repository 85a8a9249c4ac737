#pragma once

/// Output of checks: how much is kept, and how what is missing is told (contract 7.2, 7.3).

#include <cstdint>
#include <string>
#include <string_view>

#include "base/core/duration.h"

namespace conclave::agent {

inline constexpr std::uint64_t output_bytes_default = 4096;

/// Bytes of output a check may keep: its own limit if that is the smaller one. `own` 0 = none.
std::uint64_t output_limit(std::int64_t own, std::uint64_t agents);

/// For TTL updates: `<first limit bytes> ... (captured <limit> of <n> bytes)`; shorter ones as they
/// are.
std::string shorten_update(std::string output, std::uint64_t limit);

/// For scripts, of whose output only the tail was kept: prefixed `Captured <a> of <b> bytes`, a
/// line of dots.
std::string script_output(std::string tail, std::uint64_t total_bytes);

/// `Timed out (<d>) running check`, a blank line and the output if there was any.
std::string timeout_output(Nanos timeout, std::string_view output);

/// `TTL expired`, with the last output if there was any.
std::string ttl_expired_output(std::string_view last);

}  // namespace conclave::agent
