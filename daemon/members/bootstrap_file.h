#pragma once

/// <data_dir>/raft/bootstrap: what a server without a log has promised (docs/formats.md 1.1). It is
/// there from the first start until the log is written, and removed before the log is used: a
/// server that lost its log must not take up its old incarnation again.

#include <optional>
#include <string>
#include <string_view>

#include "base/core/result.h"
#include "daemon/members/bootstrap.h"

namespace conclave::daemon {

std::string encode_promise(const BootstrapPromise& promise);
/// Strict; ErrorCode::corrupt.
Result<BootstrapPromise> decode_promise(std::string_view bytes);

/// nullopt when there is none. Errors name the file and what to do.
Result<std::optional<BootstrapPromise>> read_promise(const std::string& path);
/// Durable when it returns.
Result<void> write_promise(const std::string& path, const BootstrapPromise& promise);

}  // namespace conclave::daemon
