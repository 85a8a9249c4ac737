#include "cli/commands/agent_tasks.h"

#include <utility>

#include "base/core/text.h"

namespace conclave::cli {
namespace {

constexpr std::string_view fence_header = "x-conclave-fence";

}  // namespace

bool may_pass(const Error& error) {
  return error.code == ErrorCode::io || error.code == ErrorCode::unavailable;
}

Task<Result<api::ClientResponse>> AgentTasks::call(std::string method, std::string path,
                                                   Query query, std::string body, Nanos limit) {
  api::ClientRequest request = client_.request(method, path, std::move(query), std::move(body));
  request.timeout = limit;
  auto response = co_await terminal_.http_task(loop_, std::move(request));
  if (!response) co_return fail(ErrorCode::io, response.error().message);
  if (response->truncated) co_return fail(ErrorCode::too_large, "the answer is too long");
  if (response->status == 200 || response->status == 404) co_return response;
  Error error = unexpected_response(*response);
  if (response->status >= 500) error.code = ErrorCode::unavailable;
  co_return std::unexpected(std::move(error));
}

Task<Result<Found>> AgentTasks::get(std::string path, Query query, Nanos limit) {
  auto response = co_await call("GET", std::move(path), std::move(query), std::string(), limit);
  if (!response) co_return std::unexpected(response.error());
  Found found;
  found.exists = response->status == 200;
  found.index = parse_u64(response->header("x-consul-index")).value_or(0);
  found.fence = response->header(fence_header);
  found.content_hash = response->header("x-consul-contenthash");
  found.body = std::move(response->body);
  co_return found;
}

Task<Result<Found>> AgentTasks::get_newer(std::string path, Query query, std::uint64_t index,
                                          Nanos wait) {
  if (index == 0) return get(std::move(path), std::move(query));
  query.push_back({"index", std::to_string(index)});
  return get_after_wait(std::move(path), std::move(query), wait);
}

Task<Result<Found>> AgentTasks::get_other(std::string path, Query query, std::string hash,
                                          Nanos wait) {
  if (hash.empty()) return get(std::move(path), std::move(query));
  query.push_back({"hash", std::move(hash)});
  return get_after_wait(std::move(path), std::move(query), wait);
}

Task<Result<Found>> AgentTasks::get_after_wait(std::string path, Query query, Nanos wait) {
  const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(wait).count();
  query.push_back({"wait", std::to_string(milliseconds) + "ms"});
  // The server adds up to a sixteenth of its own (contract 2.2).
  return get(std::move(path), std::move(query), wait + wait / 16 + request_limit);
}

Task<Result<std::string>> AgentTasks::change(std::string method, std::string path, Query query,
                                             std::string body, Nanos limit) {
  auto response =
      co_await call(std::move(method), std::move(path), std::move(query), std::move(body), limit);
  if (!response) co_return std::unexpected(response.error());
  if (response->status == 404) {
    Error error = unexpected_response(*response);
    error.code = ErrorCode::not_found;
    co_return std::unexpected(std::move(error));
  }
  co_return std::move(response->body);
}

Task<Result<Acquired>> AgentTasks::acquire(std::string path, Query query) {
  auto response =
      co_await call("PUT", std::move(path), std::move(query), std::string(), request_limit);
  if (!response) co_return std::unexpected(response.error());
  if (response->status == 404) co_return std::unexpected(unexpected_response(*response));
  co_return Acquired{.done = response->body.contains("true"),
                     .fence = std::string(response->header(fence_header))};
}

}  // namespace conclave::cli
