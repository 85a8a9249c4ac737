#include "cli/commands/lock_session.h"

#include <fmt/format.h>

#include <algorithm>

#include "api/codec/writer.h"
#include "base/run/sleep.h"

namespace conclave::cli {
namespace {

constexpr Nanos retry_interval = std::chrono::seconds(1);

}  // namespace

Task<Result<void>> LockSession::create(std::string name, std::string behavior) {
  std::string body;
  api::JsonObject object(body);
  object.add("Name", name).add("TTL", format_duration(ttl)).add("Behavior", behavior);
  object.end();
  acknowledged_ = clock_.boot_now();
  const auto answer = co_await agent_.change("PUT", "/v1/session/create", {}, std::move(body));
  if (!answer) co_return std::unexpected(answer.error());
  const auto created = api::decode_body<api::JsonValue>(*answer);
  if (!created) co_return std::unexpected(created.error());
  const api::JsonValue* id = created->find("ID");
  if (id == nullptr || id->if_string() == nullptr) {
    co_return fail(ErrorCode::failed, "the answer of /v1/session/create names no session");
  }
  id_ = *id->if_string();
  co_return Result<void>();
}

Task<std::string> LockSession::keep() {
  Nanos pause = ttl / 2;
  for (;;) {
    co_await sleep_for(loop_, pause);
    const Nanos began = clock_.boot_now();
    const Nanos left = acknowledged_ + ttl - began;
    if (left <= Nanos{0}) {
      co_return fmt::format("the session could not be renewed for {}", format_duration(ttl));
    }
    const auto renewed =
        co_await agent_.change("PUT", "/v1/session/renew/" + id_, {}, std::string(), left);
    if (renewed) {
      acknowledged_ = began;
      pause = ttl / 2;
    } else if (renewed.error().code == ErrorCode::not_found) {
      co_return std::string("the session has expired");
    } else {
      pause = std::min(retry_interval, left);
    }
  }
}

Task<Result<void>> LockSession::destroy() {
  const auto done = co_await agent_.change("PUT", "/v1/session/destroy/" + id_);
  if (!done) co_return std::unexpected(done.error());
  co_return Result<void>();
}

}  // namespace conclave::cli
