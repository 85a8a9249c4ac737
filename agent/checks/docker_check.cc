#include "agent/checks/docker_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <utility>

#include "agent/rules/output.h"
#include "api/codec/json_value.h"
#include "api/codec/writer.h"
#include "api/http/client.h"

namespace conclave::agent {

namespace {

constexpr std::string_view engine_socket = "unix:///var/run/docker.sock";
constexpr Nanos timeout_default = std::chrono::seconds(30);
/// Of a run's output so much is looked at; a check that says more has nothing to tell.
constexpr std::uint64_t stream_bytes_max = 256 << 10;
constexpr std::size_t frame_head_bytes = 8;

/// One call of the engine's API; anything but a 2xx is an error with its words.
Task<Result<std::string>> call_engine(Loop& loop, std::string engine, std::string method,
                                      std::string target, std::string body, Nanos timeout) {
  api::ClientRequest request;
  request.method = std::move(method);
  if (engine.starts_with("unix://")) {
    request.url = std::move(engine);
    request.target = std::move(target);
  } else {
    request.url = engine + target;
  }
  if (!body.empty()) request.headers.push_back({"Content-Type", "application/json"});
  request.body = std::move(body);
  request.timeout = timeout;
  request.body_bytes_max = stream_bytes_max;
  auto response = co_await api::http_call(loop, std::move(request));
  if (!response) co_return std::unexpected(response.error());
  if (response->status / 100 != 2) {
    const auto json = api::parse_json(response->body);
    const api::JsonValue* message = json ? json->find("message") : nullptr;
    const std::string* text = message != nullptr ? message->if_string() : nullptr;
    co_return fail(ErrorCode::failed,
                   fmt::format("{} {}", response->status, text ? *text : response->body));
  }
  co_return std::move(response->body);
}

/// A member of a JSON object, "" or nullopt when it is not there or something else.
std::string text_member(std::string_view json, std::string_view name) {
  const auto value = api::parse_json(json);
  const api::JsonValue* member = value ? value->find(name) : nullptr;
  const std::string* text = member != nullptr ? member->if_string() : nullptr;
  return text != nullptr ? *text : "";
}

std::optional<std::int64_t> exit_code(std::string_view json) {
  const auto value = api::parse_json(json);
  const api::JsonValue* member = value ? value->find("ExitCode") : nullptr;
  std::int64_t code = 0;
  if (member == nullptr || !member->to_i64(code)) return std::nullopt;
  return code;
}

CheckResult critical(std::string_view what, const std::string& why) {
  return {CheckStatus::critical, fmt::format("{}: {}", what, why)};
}

CheckStatus status_of(std::int64_t code) {
  if (code == 0) return CheckStatus::passing;
  return code == 1 ? CheckStatus::warning : CheckStatus::critical;
}

std::string exec_body(const api::CheckDefinition& check) {
  std::string body;
  api::JsonObject object(body);
  object.add("AttachStdin", false);
  object.add("AttachStdout", true);
  object.add("AttachStderr", true);
  object.add("Tty", false);
  object.add("Cmd", check.args);
  object.end();
  return body;
}

}  // namespace

std::string docker_engine() {
  const char* host = std::getenv("DOCKER_HOST");
  if (host == nullptr || *host == '\0') return std::string(engine_socket);
  const std::string_view text(host);
  constexpr std::string_view tcp = "tcp://";
  return text.starts_with(tcp) ? fmt::format("http://{}", text.substr(tcp.size()))
                               : std::string(text);
}

std::string docker_output(std::string_view stream) {
  std::string output;
  while (stream.size() >= frame_head_bytes && stream[0] <= 2 &&
         stream.substr(1, 3) == std::string_view("\0\0\0", 3)) {
    std::size_t size = 0;
    for (const char byte : stream.substr(4, 4)) size = size << 8 | static_cast<unsigned char>(byte);
    stream.remove_prefix(frame_head_bytes);
    size = std::min(size, stream.size());
    output += stream.substr(0, size);
    stream.remove_prefix(size);
  }
  return output += stream;
}

Task<CheckResult> probe_docker(Loop& loop, api::CheckDefinition check, std::uint64_t output_max,
                               std::string engine) {
  const Nanos timeout = check.timeout > Nanos::zero() ? check.timeout : timeout_default;
  auto created = co_await call_engine(loop, engine, "POST",
                                      "/containers/" + check.docker_container_id + "/exec",
                                      exec_body(check), timeout);
  if (!created) co_return critical("Unable to create the exec instance", created.error().message);
  const std::string id = text_member(*created, "Id");
  if (id.empty())
    co_return critical("Unable to create the exec instance", "the engine gives no Id");
  auto ran = co_await call_engine(loop, engine, "POST", "/exec/" + id + "/start",
                                  R"({"Detach":false,"Tty":false})", timeout);
  if (!ran) co_return critical("Unable to start the exec instance", ran.error().message);
  auto ended = co_await call_engine(loop, engine, "GET", "/exec/" + id + "/json", "", timeout);
  if (!ended) co_return critical("Unable to inspect the exec instance", ended.error().message);
  const auto code = exit_code(*ended);
  if (!code) co_return critical("Unable to inspect the exec instance", "it has no exit code");
  std::string output = docker_output(*ran);
  const std::uint64_t size = output.size();
  if (size > output_max) output.erase(0, size - output_max);
  co_return CheckResult{status_of(*code), script_output(std::move(output), size)};
}

}  // namespace conclave::agent
