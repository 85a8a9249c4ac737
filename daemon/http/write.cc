#include "daemon/http/write.h"

#include <algorithm>
#include <array>
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

bool is_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

std::unexpected<Error> not_parsed(std::string_view function, std::string_view text,
                                  bool out_of_range) {
  std::string message = "strconv." + std::string(function) + ": parsing ";
  api::append_json_string(message, text);
  message += out_of_range ? ": value out of range" : ": invalid syntax";
  return fail(ErrorCode::failed, std::move(message));
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

Result<Outcome> refusal_or(Result<Outcome> outcome) {
  if (outcome.has_value() && !outcome->error.empty()) {
    return fail(ErrorCode::failed, std::move(outcome->error));
  }
  return outcome;
}

Task<Result<Outcome>> commit(ServerContext* context, Command command) {
  co_return refusal_or(co_await context->replica.propose(std::move(command)));
}

Task<api::Response> commit_and_answer(ServerContext* context, Command command) {
  const auto outcome = refusal_or(co_await context->replica.propose(std::move(command)));
  if (!outcome.has_value()) co_return api::error_response(outcome.error());
  co_return api::json_response(outcome->done ? "true" : "false");
}

Result<std::uint64_t> parse_uint(std::string_view text) {
  if (const auto value = parse_u64(text)) return *value;
  return not_parsed("ParseUint", text, is_digits(text));
}

Result<std::int64_t> parse_int(std::string_view text) {
  const bool has_sign = text.starts_with('+') || text.starts_with('-');
  // Go takes a leading plus.
  if (const auto value = parse_i64(text.substr(text.starts_with('+') ? 1 : 0))) {
    if (is_digits(text.substr(has_sign ? 1 : 0))) return *value;
  }
  return not_parsed("Atoi", text, is_digits(text.substr(has_sign ? 1 : 0)));
}

Result<bool> parse_bool(std::string_view text) {
  constexpr std::array<std::string_view, 6> yes = {"1", "t", "T", "TRUE", "true", "True"};
  constexpr std::array<std::string_view, 6> no = {"0", "f", "F", "FALSE", "false", "False"};
  if (std::ranges::find(yes, text) != yes.end()) return true;
  if (std::ranges::find(no, text) != no.end()) return false;
  return not_parsed("ParseBool", text, false);
}

}  // namespace conclave::daemon
