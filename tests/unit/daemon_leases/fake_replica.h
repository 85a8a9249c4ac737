#pragma once

/// A replica of one: applies what is proposed to rows in memory, at once or when told to.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/run/waiter.h"
#include "daemon/replica/replica.h"
#include "daemon/state/state_machine.h"
#include "daemon/store/memory_rows.h"

namespace conclave::daemon {

class FakeReplica final : public Replica {
 public:
  explicit FakeReplica(Loop& loop) : released_(loop) { initialise_state(rows); }

  Task<Result<Outcome>> propose(Command command) override {
    proposed.push_back(command);
    while (held) co_await released_.wait_for(std::chrono::hours(1));
    if (failure) co_return std::unexpected(*failure);
    co_return apply_now(command);
  }
  Outcome apply_now(const Command& command) {
    auto changes = std::make_shared<ChangeSet>();
    const Outcome outcome = apply(command, {.cluster_time_ms = 1}, rows, *changes);
    for (const auto& listener : changes_listeners_) listener(changes);
    return outcome;
  }
  void release() {
    held = false;
    released_.notify_all();
  }
  void lead(bool leading) {
    for (const auto& listener : leadership_listeners_) listener(leading);
  }

  Task<Result<ReadPermit>> read_permit(Consistency) override {
    if (no_lease) co_return fail(ErrorCode::no_leader, "No cluster leader");
    co_return ReadPermit{.known_leader = true};
  }
  bool read_permit_now(Consistency, ReadPermit&) override { return !no_lease; }
  LeaderInfo leader() const override { return known_leader; }
  std::uint64_t cluster_time_ms() const override { return 1; }
  void on_changes(std::function<void(const std::shared_ptr<const ChangeSet>&)> f) override {
    changes_listeners_.push_back(std::move(f));
  }
  void on_leadership(std::function<void(bool)> f) override {
    leadership_listeners_.push_back(std::move(f));
  }

  template <class T>
  std::vector<T> proposed_of() const {
    std::vector<T> found;
    for (const Command& command : proposed) {
      if (const T* body = body_as<T>(command.body)) found.push_back(*body);
    }
    return found;
  }

  MemoryRows rows;
  std::vector<Command> proposed;
  bool held = false;  ///< Proposals wait for release().
  bool no_lease = false;
  LeaderInfo known_leader;
  std::optional<Error> failure;  ///< What proposals get.

 private:
  Waiter released_;
  std::vector<std::function<void(const std::shared_ptr<const ChangeSet>&)>> changes_listeners_;
  std::vector<std::function<void(bool)>> leadership_listeners_;
};

}  // namespace conclave::daemon
