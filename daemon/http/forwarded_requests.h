#pragma once

/// Requests that other nodes pass on (RpcMethod::http): agents everything that is not their own,
/// servers what only the leader can answer.

#include <functional>
#include <memory>

#include "api/http/message.h"
#include "api/rpc/lasting_calls.h"

namespace conclave::daemon {

/// Answers as this server does; neither parked nor as a stream. `end`: whether somebody still
/// waits. Called on the loop of the handlers, resumes there.
using AnswerForwarded =
    std::function<Task<api::Response>(api::Request request, std::shared_ptr<api::CallEnd> end)>;

/// The handler of that method.
api::LastingHandler forwarded_handler(AnswerForwarded answer);

}  // namespace conclave::daemon
