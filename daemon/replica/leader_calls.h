#pragma once

/// What a server that does not lead says to the one that does, and what it hears: the records in
/// the bodies of RpcMethod::propose and read_index. Fields are only ever added.

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "api/model/field.h"
#include "base/core/result.h"
#include "daemon/command/command.h"

namespace conclave::daemon {

/// Why something asked of a leader was not done; ErrorCode with numbers that do not change.
enum class Refusal : std::uint8_t {
  no_leader = 0,        ///< Certainly not done: ask the next leader.
  unknown_outcome = 1,  ///< It may be done yet.
  failed = 2,
  too_many = 3,
  too_large = 4,
  unavailable = 5,
};

Refusal to_refusal(ErrorCode code);
ErrorCode to_error_code(Refusal refusal);

}  // namespace conclave::daemon

template <>
inline constexpr std::uint64_t conclave::api::enum_end<conclave::daemon::Refusal> = 6;

namespace conclave::daemon {

/// Commands for the leader's queue, in this order. They are not sent on by who gets them.
struct ProposeCall {
  std::vector<std::string> commands;  ///< Each the record of a Command.

  static constexpr auto fields() {
    return std::tuple{api::field(1, "Commands", &ProposeCall::commands)};
  }
};

/// What became of one of them: an outcome, or why there is none.
struct ProposeAnswer {
  std::optional<Outcome> outcome;
  Refusal refusal = Refusal::no_leader;
  std::string message;

  static constexpr auto fields() {
    using api::field;
    return std::tuple{field(1, "Outcome", &ProposeAnswer::outcome),
                      field(2, "Refusal", &ProposeAnswer::refusal),
                      field(3, "Message", &ProposeAnswer::message)};
  }
};

/// One for each command, in their order.
struct ProposeAnswers {
  std::vector<ProposeAnswer> answers;

  static constexpr auto fields() {
    return std::tuple{api::field(1, "Answers", &ProposeAnswers::answers)};
  }
};

struct ReadIndexCall {
  bool consistent = false;  ///< Not before a quorum has confirmed a round that begins now.

  static constexpr auto fields() {
    return std::tuple{api::field(1, "Consistent", &ReadIndexCall::consistent)};
  }
};

/// Reads asked for before the call may be answered from a state that has applied this.
struct ReadIndexAnswer {
  std::uint64_t index = 0;

  static constexpr auto fields() {
    return std::tuple{api::field(1, "Index", &ReadIndexAnswer::index)};
  }
};

}  // namespace conclave::daemon
