#pragma once

/// The cluster's keys while servers run: the leader changes them when an operator asks, one wish at
/// a time, and tells the others; whoever was away or is new hears of it when it asks the leader,
/// which every server does regularly. So a change reaches everybody who has any key that is still
/// accepted. Main thread, but for KeyringOperations.

#include <memory>
#include <string>
#include <vector>

#include "api/rpc/cluster_keyring.h"
#include "api/rpc/rpc.h"
#include "base/run/clock.h"
#include "base/run/loop.h"
#include "base/run/waiter.h"
#include "daemon/members/keyring_operations.h"
#include "daemon/members/keyring_rules.h"
#include "daemon/members/raft_control.h"
#include "daemon/members/turn.h"
#include "daemon/replica/replica.h"
#include "daemon/store/store.h"

namespace conclave::daemon {

class KeyringChanges final : public KeyringOperations {
 public:
  /// How often a node asks whether its keys are those of the cluster.
  static constexpr Nanos exchange_period = std::chrono::seconds(10);

  /// References outlive this object; `reader` is main's. Answers api::exchange_keyring.
  KeyringChanges(Loop& main, const Clock& clock, api::Rpc& rpc, api::RpcHandlers& handlers,
                 Replica& replica, RaftControl& raft, Reader& reader,
                 std::shared_ptr<api::ClusterKeyring> keyring, std::string self_id);

  void start();
  void stop() { stopped_ = true; }

  Task<KeyringReport> list_keys() override;
  Task<Result<void>> install_key(std::string key) override;
  Task<Result<void>> use_key(std::string key) override;
  Task<Result<void>> remove_key(std::string key) override;

 private:
  struct Answer {
    std::string id;
    Result<api::KeyringRecord> record;
  };
  template <class T>
  Task<T> on_main(Task<T> task);
  Task<void> keep_asking();
  Task<Result<std::string>> on_exchange(std::string body);
  Task<Result<api::KeyringRecord>> exchange(std::string address);
  Task<std::vector<Answer>> exchange_all();
  Task<void> exchange_into(std::string id, std::string address, std::vector<Answer>* answers,
                           std::size_t* left, Waiter* done);
  KeyringHolders holders_among(const std::vector<Answer>& answers);
  bool agents_may_lag();
  Task<Result<void>> change(KeyringWish wish, std::string key);
  Task<KeyringReport> list_on_main();
  std::string name_of(const std::string& id);
  Result<void> adopt(const api::KeyringRecord& record);

  Loop& main_;
  const Clock& clock_;
  api::Rpc& rpc_;
  Replica& replica_;
  RaftControl& raft_;
  Reader& reader_;
  const std::shared_ptr<api::ClusterKeyring> keyring_;
  const std::string self_id_;
  TurnTaking turns_;
  Nanos adopted_at_;  ///< When this server has taken what is in force, or started.
  bool stopped_ = false;
};

}  // namespace conclave::daemon
