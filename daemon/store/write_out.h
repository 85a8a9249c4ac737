#pragma once

/// Handing dirty pages of a file to the disk in pieces, each waited for: the log's fdatasync goes
/// through the same disk and never finds more than one piece in front of it. Blocking.

#include <cstdint>
#include <string>

#include "base/core/result.h"

namespace conclave::daemon {

inline constexpr std::uint64_t write_out_piece_bytes = 512 << 10;

/// From `from` up to `until`. Makes nothing durable: that takes fdatasync, which then has little
/// left to do.
Result<void> write_out(int file, std::uint64_t from, std::uint64_t until, const std::string& path);

}  // namespace conclave::daemon
