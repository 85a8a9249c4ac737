#pragma once

/// What the write endpoints share: proposing a command, and Go's number and truth parameters.

#include <cstdint>
#include <string>
#include <string_view>

#include "api/http/message.h"
#include "base/core/result.h"
#include "base/run/loop.h"
#include "daemon/command/command.h"
#include "daemon/http/context.h"

namespace conclave::daemon {

/// A request id that the client chose: 1 to 128 printable ASCII characters. The command is carried
/// out once, however often it is asked for under the same id, and answered the same.
inline constexpr std::string_view request_id_header = "X-Conclave-Request-Id";

/// The command under the request's id, if it has one; ErrorCode::bad_request for one that cannot
/// be.
Result<Command> make_command(const api::Request& request, CommandBody body);

/// A refusal by the state machine (Outcome::error) as an Error with ErrorCode::failed, the 500 of
/// contract 1.2; a condition that did not hold is an Outcome with done == false.
Result<Outcome> refusal_or(Result<Outcome> outcome);
/// Proposes one command; refusal_or() what comes of it.
Task<Result<Outcome>> commit(ServerContext* context, Command command);

/// commit(), answered as the JSON `true` or `false`.
Task<api::Response> commit_and_answer(ServerContext* context, Command command);

/// Go's strconv.ParseUint(text, 10, 64); the error is the 500 that clients see (contract 3):
/// `strconv.ParseUint: parsing "x": invalid syntax`.
Result<std::uint64_t> parse_uint(std::string_view text);
/// Go's strconv.Atoi and strconv.ParseBool, with their errors.
Result<std::int64_t> parse_int(std::string_view text);
Result<bool> parse_bool(std::string_view text);

}  // namespace conclave::daemon
