#pragma once

/// What the write endpoints share: proposing a command, and Go's number parameters.

#include <cstdint>
#include <string>
#include <string_view>

#include "api/http/message.h"
#include "base/core/result.h"
#include "base/run/loop.h"
#include "daemon/command/command.h"
#include "daemon/http/context.h"

namespace conclave::daemon {

/// Proposes one command. A refusal by the state machine (Outcome::error) comes back as an Error
/// with ErrorCode::failed, the 500 of contract 1.2; a condition that did not hold is an Outcome
/// with done == false.
Task<Result<Outcome>> commit(ServerContext* context, CommandBody body);

/// commit(), answered as the JSON `true` or `false`.
Task<api::Response> commit_and_answer(ServerContext* context, CommandBody body);

/// Go's strconv.ParseUint(text, 10, 64); the error is the 500 that clients see (contract 3):
/// `strconv.ParseUint: parsing "x": invalid syntax`.
Result<std::uint64_t> parse_uint(std::string_view text);

}  // namespace conclave::daemon
