#include "cli/commands/lock_semaphore.h"

#include <fmt/format.h>

#include <utility>

#include "api/codec/writer.h"

namespace conclave::cli {
namespace {

class SemaphoreClaim final : public Claim {
 public:
  SemaphoreClaim(AgentTasks& agent, const std::string& prefix, std::uint64_t limit)
      : agent_(agent),
        prefix_(prefix.empty() ? "" : prefix + "/"),
        key_(prefix_ + ".lock"),
        limit_(limit) {}

  std::string behavior() const override { return "delete"; }
  const std::string& key() const override { return key_; }

  Task<Result<void>> prepare(std::string session) override {
    session_ = std::move(session);
    AgentTasks::Query query = {{"flags", std::to_string(semaphore_flags)}, {"acquire", session_}};
    const auto made = co_await agent_.change("PUT", path_of(prefix_ + session_), std::move(query));
    if (!made) co_return fail("failed to make contender entry", made.error());
    if (!made->contains("true")) {
      co_return fail(ErrorCode::failed, "failed to make contender entry: the key is locked");
    }
    co_return Result<void>();
  }

  Task<Result<Attempt>> attempt(std::uint64_t index, Nanos wait) override {
    auto seen = co_await list({}, &index, wait);
    if (!seen) co_return std::unexpected(seen.error());
    auto& holders = seen->record.holders;
    if (holders.contains(session_)) co_return Attempt{Attempt::Kind::held};
    if (holders.size() >= limit_) co_return Attempt{Attempt::Kind::taken, index};
    holders[session_] = true;
    const auto written = co_await write(seen->record, seen->modify_index);
    if (!written) co_return fail("failed to update lock", written.error());
    co_return Attempt{*written ? Attempt::Kind::held : Attempt::Kind::raced};
  }

  Task<Result<bool>> still_held(std::uint64_t* index, Nanos wait) override {
    AgentTasks::Query consistent = {{.name = "consistent", .value = "", .bare = true}};
    const auto seen = co_await list(std::move(consistent), index, wait);
    if (!seen) co_return std::unexpected(seen.error());
    co_return seen->record.holders.contains(session_);
  }

  Task<Result<void>> release() override {
    for (;;) {
      std::uint64_t index = 0;
      auto seen = co_await list({}, &index, Nanos());
      if (!seen) co_return std::unexpected(seen.error());
      if (seen->record.holders.erase(session_) == 0) break;
      const auto written = co_await write(seen->record, seen->modify_index);
      if (!written) co_return fail("failed to update lock", written.error());
      if (*written) break;
    }
    const auto removed = co_await agent_.change("DELETE", path_of(prefix_ + session_));
    if (!removed) co_return fail("failed to remove contender entry", removed.error());
    co_return Result<void>();
  }

  Task<Result<CleanUp>> clean_up() override {
    std::uint64_t index = 0;
    const auto seen = co_await list({}, &index, Nanos());
    if (!seen) co_return std::unexpected(seen.error());
    if (seen->modify_index == 0) co_return CleanUp::done;
    if (!seen->record.holders.empty()) co_return CleanUp::in_use;
    AgentTasks::Query unchanged = {{"cas", std::to_string(seen->modify_index)}};
    const auto removed = co_await agent_.change("DELETE", path_of(key_), std::move(unchanged));
    if (!removed) co_return fail("failed to remove semaphore", removed.error());
    co_return removed->contains("true") ? CleanUp::done : CleanUp::in_use;
  }

 private:
  static std::string path_of(const std::string& key) { return "/v1/kv/" + escape_path(key); }

  /// `index` in: what to wait on; out: what the answer was.
  Task<Result<SemaphoreView>> list(AgentTasks::Query query, std::uint64_t* index, Nanos wait) {
    query.push_back({.name = "recurse", .value = "", .bare = true});
    const auto found = co_await agent_.get_newer(path_of(prefix_), std::move(query), *index, wait);
    if (!found) co_return fail("failed to read prefix", found.error());
    *index = found->index;
    std::vector<api::KvEntry> entries;
    if (found->exists) {
      auto decoded = api::decode_body<std::vector<api::KvEntry>>(found->body);
      if (!decoded) co_return std::unexpected(decoded.error());
      entries = std::move(*decoded);
    }
    co_return read_semaphore(entries, prefix_, limit_);
  }

  Task<Result<bool>> write(SemaphoreRecord record, std::uint64_t modify_index) {
    AgentTasks::Query query = {{"flags", std::to_string(semaphore_flags)},
                               {"cas", std::to_string(modify_index)}};
    const auto answer =
        co_await agent_.change("PUT", path_of(key_), std::move(query), api::to_json(record));
    if (!answer) co_return std::unexpected(answer.error());
    co_return answer->contains("true");
  }

  AgentTasks& agent_;
  const std::string prefix_;  ///< With the slash at its end, or "".
  const std::string key_;
  const std::uint64_t limit_;
  std::string session_;
};

}  // namespace

Result<SemaphoreView> read_semaphore(const std::vector<api::KvEntry>& entries,
                                     std::string_view prefix, std::uint64_t limit) {
  SemaphoreView view;
  view.record.limit = limit;
  const std::string lock = std::string(prefix) + ".lock";
  for (const api::KvEntry& entry : entries) {
    if (entry.key != lock) {
      if (!entry.session.empty()) view.contenders.insert(entry.session);
      continue;
    }
    if (entry.flags != semaphore_flags) {
      return fail(ErrorCode::exists, "Existing key does not match semaphore use");
    }
    view.modify_index = entry.modify_index;
    if (entry.value.data.empty()) continue;
    CONCLAVE_TRY_ASSIGN(view.record, api::decode_body<SemaphoreRecord>(entry.value.data));
  }
  if (view.record.limit != limit) {
    return fail(ErrorCode::exists, fmt::format("semaphore limit conflict (lock: {}, local: {})",
                                               view.record.limit, limit));
  }
  std::erase_if(view.record.holders,
                [&](const auto& holder) { return !view.contenders.contains(holder.first); });
  return view;
}

std::unique_ptr<Claim> make_semaphore_claim(AgentTasks& agent, std::string prefix,
                                            std::uint64_t limit) {
  return std::make_unique<SemaphoreClaim>(agent, prefix, limit);
}

}  // namespace conclave::cli
