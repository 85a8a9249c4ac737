#pragma once

/// Getting the file of a restore onto servers: the one that was given it asks the others to take
/// it, and they fetch it from there in pieces; so does a server that finds out when it applies the
/// command that it lacks the file. Main thread.

#include <cstdint>
#include <deque>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "api/rpc/rpc.h"
#include "base/core/result.h"
#include "base/run/loop.h"
#include "base/run/waiter.h"
#include "daemon/snapshot/snapshots.h"
#include "raft/core/types.h"

namespace conclave::daemon {

class SnapshotTransfer {
 public:
  /// `configuration`: the servers there are; `self`: this one.
  SnapshotTransfer(Loop& main, Snapshots& snapshots,
                   std::function<raft::Configuration()> configuration, raft::NodeId self);

  /// How to reach the others, and where their calls arrive; without it this server is alone.
  void connect(api::Rpc& rpc, api::RpcHandlers& handlers);

  /// The file `id` is here: returns once a majority has it, or when no majority can be had.
  Task<Result<void>> store_on_majority(std::string id, std::uint64_t size);
  /// Fetches it from any server that has it, trying again until it is here.
  Task<void> fetch_until_here(std::string id, std::uint64_t size);
  /// Keeps it from being removed as surplus: it may be named by a command. The last two are.
  void keep(const std::string& id);

 private:
  struct Spread;
  Task<void> offer(std::shared_ptr<Spread> spread, raft::Server server);
  Task<Result<void>> fetch(std::string id, std::uint64_t size, std::string address);
  Task<Result<void>> fetch_into(std::string path, std::string id, std::uint64_t size,
                                std::string address);
  Task<Result<std::string>> answer(std::string body);
  Task<Result<std::string>> answer_read(std::string id, std::uint64_t offset);
  std::string own_address() const;
  std::vector<raft::Server> others() const;

  Loop& main_;
  Snapshots& snapshots_;
  const std::function<raft::Configuration()> configuration_;
  const raft::NodeId self_;
  api::Rpc* rpc_ = nullptr;
  std::set<std::string> fetching_;
  Waiter fetched_;
  std::deque<std::string> candidates_;
};

/// Runs `work` on the snapshot thread and resumes on main.
Task<Result<void>> on_snapshot_thread(Loop* main, Snapshots* snapshots,
                                      std::function<Result<void>()> work);

}  // namespace conclave::daemon
