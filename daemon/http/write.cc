#include "daemon/http/write.h"

#include <algorithm>
#include <utility>

#include "api/codec/json_string.h"
#include "api/rest/respond.h"
#include "base/core/text.h"

namespace conclave::daemon {

namespace {

constexpr std::size_t request_id_bytes_max = 128;

bool is_request_id(std::string_view text) {
  return !text.empty() && text.size() <= request_id_bytes_max &&
         std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

}  // namespace

Result<Command> make_command(const api::Request& request, CommandBody body) {
  Command command{.body = std::move(body), .request_id = {}};
  for (const api::Header& header : request.headers) {
    if (!equal_ignoring_case(header.name, request_id_header)) continue;
    // Two of them are as wrong as none that can be read.
    if (!is_request_id(header.value) || !command.request_id.empty()) {
      return fail(ErrorCode::bad_request,
                  "Invalid header: \"X-Conclave-Request-Id\" must be given once, with 1 to 128 "
                  "printable ASCII characters");
    }
    command.request_id = header.value;
  }
  return command;
}

Task<Result<Outcome>> commit(ServerContext* context, Command command) {
  auto outcome = co_await context->replica.propose(std::move(command));
  if (outcome.has_value() && !outcome->error.empty()) {
    co_return fail(ErrorCode::failed, std::move(outcome->error));
  }
  co_return outcome;
}

Task<api::Response> commit_and_answer(ServerContext* context, Command command) {
  auto outcome = co_await commit(context, std::move(command));
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
