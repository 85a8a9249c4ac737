#pragma once

/// A node that keeps no copy of the state as one of the cluster: it learns servers from join lists
/// and from whoever introduces itself, presents itself to the leader by way of a server, and leaves
/// again. Which server it talks to is its owner's choice (agent/link). Main thread.

#include <functional>
#include <string>
#include <vector>

#include "api/rpc/identity.h"
#include "api/rpc/rpc.h"
#include "base/core/result.h"
#include "base/run/clock.h"
#include "base/run/loop.h"
#include "daemon/members/records.h"

namespace conclave::daemon {

struct AgentMembershipOptions {
  NodeCard card;                        ///< `server` is false.
  std::vector<std::string> start_join;  ///< As written; tried once.
  std::vector<std::string> retry_join;  ///< Tried whenever no server is reached.
  Nanos retry_interval{std::chrono::seconds(30)};
  std::int64_t retry_max = 0;  ///< Until the first success; 0 = no end.
};

struct AgentMembershipCallbacks {
  /// RPC addresses of servers: all of them, or those that another agent knows.
  std::function<void(const std::vector<std::string>& servers, bool all)> learnt;
  /// A server is reached at present.
  std::function<bool()> connected;
  /// The process is to end with exit code 1, and that sentence.
  std::function<void(const std::string& sentence)> give_up;
};

class AgentMembership {
 public:
  AgentMembership(Loop& main, const Clock& clock, api::Rpc& rpc, api::RpcHandlers& handlers,
                  AgentMembershipOptions options, AgentMembershipCallbacks callbacks);

  /// Errors are start-up errors: join lists that cannot be read.
  Result<void> start();
  void stop() { stopped_ = true; }
  /// The cluster of the servers that were met, for introductions.
  void met(const api::RpcIdentity& other);

  // --- of one server, whose address is given
  /// Who are you, whom do you know.
  Task<Result<Introduction>> greet(std::string address);
  Task<Result<LeaseReply>> renew(std::string address);
  /// The leader lists this node as alive when it returns.
  Task<Result<void>> present(std::string address);
  Task<Result<std::vector<api::Member>>> list(std::string address);
  Task<Result<void>> leave(std::string address);
  Task<Result<void>> force_leave(std::string address, std::string name, bool prune);

  /// Joins whoever is at that address ("host:port" or less): it is asked for its servers.
  Task<Result<void>> join(std::string address);

 private:
  struct JoinList {
    std::vector<std::string> addresses;
    bool running = false;
    bool done = false;
    std::int64_t failures = 0;
    Nanos next_at{};
  };

  Result<std::vector<std::string>> parsed(const std::vector<std::string>& written) const;
  Task<void> keep_joining();
  Task<void> run_list(JoinList* list, bool once);
  Task<Result<std::string>> on_introduce(std::string body);
  Introduction own_introduction() const;
  Result<void> note(const Introduction& said);
  Task<Result<void>> ask_leader(std::string address, api::RpcMethod method, std::string body);

  Loop& main_;
  const Clock& clock_;
  api::Rpc& rpc_;
  AgentMembershipOptions options_;
  const AgentMembershipCallbacks callbacks_;
  JoinList start_join_;
  JoinList retry_join_;
  std::vector<std::string> servers_;  ///< Learnt last; Introduction::servers_max.
  bool stopped_ = false;
};

}  // namespace conclave::daemon
