#include "daemon/http/write.h"

#include <algorithm>
#include <utility>

#include "api/codec/json_string.h"
#include "api/rest/respond.h"
#include "base/core/text.h"

namespace conclave::daemon {

Task<Result<Outcome>> commit(ServerContext* context, CommandBody body) {
  Command command{.body = std::move(body), .request_id = {}};
  auto outcome = co_await context->replica.propose(std::move(command));
  if (outcome.has_value() && !outcome->error.empty()) {
    co_return fail(ErrorCode::failed, std::move(outcome->error));
  }
  co_return outcome;
}

Task<api::Response> commit_and_answer(ServerContext* context, CommandBody body) {
  auto outcome = co_await commit(context, std::move(body));
  if (!outcome.has_value()) co_return api::error_response(outcome.error());
  co_return api::json_response(outcome->done ? "true" : "false");
}

Result<std::uint64_t> parse_uint(std::string_view text) {
  if (const auto value = parse_u64(text)) return *value;
  const bool digits =
      !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  std::string message = "strconv.ParseUint: parsing ";
  api::append_json_string(message, text);
  message += digits ? ": value out of range" : ": invalid syntax";
  return fail(ErrorCode::failed, std::move(message));
}

}  // namespace conclave::daemon
