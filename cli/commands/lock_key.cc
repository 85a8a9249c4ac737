#include <algorithm>
#include <optional>
#include <utility>

#include "api/model/kv.h"
#include "cli/commands/lock_claim.h"
#include "cli/commands/lock_semaphore.h"

namespace conclave::cli {
namespace {

struct Reading {
  std::optional<api::KvEntry> entry;
  std::uint64_t index = 0;
  std::string fence;
};

/// The lock of one key. Its value stays empty: who holds it is in the name of the session.
class KeyClaim final : public Claim {
 public:
  KeyClaim(AgentTasks& agent, std::string key)
      : agent_(agent), key_(std::move(key)), path_("/v1/kv/" + escape_path(key_)) {}

  std::string behavior() const override { return "release"; }
  const std::string& key() const override { return key_; }
  std::string fence() const override { return fence_; }

  Task<Result<void>> prepare(std::string session) override {
    session_ = std::move(session);
    co_return Result<void>();
  }

  Task<Result<Attempt>> attempt(std::uint64_t index, Nanos wait) override {
    auto reading = co_await read({}, index, wait);
    if (!reading) co_return fail("failed to read lock", reading.error());
    if (reading->entry && reading->entry->flags != lock_flags) {
      co_return fail(ErrorCode::exists, "Existing key does not match lock use");
    }
    if (reading->entry && reading->entry->session == session_) {
      fence_ = reading->fence;
      co_return Attempt{Attempt::Kind::held};
    }
    if (is_held(*reading)) co_return Attempt{Attempt::Kind::taken, reading->index};
    const auto acquired = co_await agent_.acquire(path_, with_session("acquire"));
    if (!acquired) co_return fail("failed to acquire lock", acquired.error());
    if (acquired->done) {
      fence_ = acquired->fence;
      co_return Attempt{Attempt::Kind::held};
    }
    // Refused although it looked free: somebody was quicker, or its last holder's lock-delay lasts.
    reading = co_await read({}, 0, wait);
    if (!reading) co_return fail("failed to read lock", reading.error());
    if (is_held(*reading)) co_return Attempt{Attempt::Kind::taken, reading->index};
    co_return Attempt{Attempt::Kind::delayed};
  }

  Task<Result<bool>> still_held(std::uint64_t* index, Nanos wait) override {
    AgentTasks::Query consistent = {{.name = "consistent", .value = "", .bare = true}};
    const auto reading = co_await read(std::move(consistent), *index, wait);
    if (!reading) co_return std::unexpected(reading.error());
    *index = reading->index;
    co_return reading->entry && reading->entry->session == session_;
  }

  Task<Result<void>> release() override {
    // False means that it is not ours any more, which is what was wanted.
    const auto released = co_await agent_.change("PUT", path_, with_session("release"));
    if (!released) co_return fail("failed to release lock", released.error());
    co_return Result<void>();
  }

  Task<Result<CleanUp>> clean_up() override {
    const auto reading = co_await read({}, 0, Nanos());
    if (!reading) co_return fail("failed to read lock", reading.error());
    if (!reading->entry) co_return CleanUp::done;
    if (reading->entry->flags != lock_flags) {
      co_return fail(ErrorCode::exists, "Existing key does not match lock use");
    }
    if (is_held(*reading)) co_return CleanUp::in_use;
    AgentTasks::Query unchanged = {{"cas", std::to_string(reading->entry->modify_index)}};
    const auto removed = co_await agent_.change("DELETE", path_, std::move(unchanged));
    if (!removed) co_return fail("failed to remove lock", removed.error());
    co_return removed->contains("true") ? CleanUp::done : CleanUp::in_use;
  }

 private:
  static bool is_held(const Reading& reading) {
    return reading.entry && !reading.entry->session.empty();
  }

  Task<Result<Reading>> read(AgentTasks::Query query, std::uint64_t index, Nanos wait) {
    auto found = co_await agent_.get_newer(path_, std::move(query), index, wait);
    if (!found) co_return std::unexpected(found.error());
    Reading reading{.entry = std::nullopt, .index = found->index, .fence = found->fence};
    if (!found->exists) co_return reading;
    auto entries = api::decode_body<std::vector<api::KvEntry>>(found->body);
    if (!entries) co_return std::unexpected(entries.error());
    if (!entries->empty()) reading.entry = std::move(entries->front());
    co_return reading;
  }

  AgentTasks::Query with_session(const char* what) const {
    return {{"flags", std::to_string(lock_flags)}, {what, session_}};
  }

  AgentTasks& agent_;
  const std::string key_;
  const std::string path_;
  std::string session_;
  std::string fence_;
};

}  // namespace

std::string clean_prefix(std::string_view prefix) {
  std::string clean;
  for (const char c : prefix) {
    if (c != '/' || (!clean.empty() && clean.back() != '/')) clean += c;
  }
  if (clean.ends_with('/')) clean.pop_back();
  return clean;
}

std::unique_ptr<Claim> make_claim(AgentTasks& agent, std::string_view prefix,
                                  std::uint64_t holders_max) {
  const std::string clean = clean_prefix(prefix);
  if (holders_max > 1) return make_semaphore_claim(agent, clean, holders_max);
  return std::make_unique<KeyClaim>(agent, clean.empty() ? ".lock" : clean + "/.lock");
}

}  // namespace conclave::cli
