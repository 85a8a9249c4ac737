#pragma once

/// An agent's connection to the servers: to one of them, chosen at random, moved when it goes or
/// does not reach the leader, and now and then, so that servers that come back get their share. The
/// agent's requests go over it (Upstream); who waits for an answer does not see it move: reads, and
/// writes with a request id, are sent again.
///
/// Main thread, except call() and last_contact().

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "agent/link/server_list.h"
#include "api/http/message.h"
#include "api/query/options.h"
#include "api/rpc/lasting_calls.h"
#include "api/rpc/upstream.h"
#include "base/core/result.h"
#include "base/core/rng.h"
#include "base/run/clock.h"
#include "base/run/loop.h"
#include "base/run/metrics.h"
#include "base/run/waiter.h"

namespace conclave::agent {

/// What the link says to a server about this node; cli/run joins it to daemon/members.
class ServerCalls {
 public:
  struct Standing {
    bool listed = false;     ///< The cluster has this node as a member.
    bool passed_on = false;  ///< The server reaches the leader.
    std::uint64_t members = 0;
  };
  virtual ~ServerCalls() = default;
  /// Who are you, whom do you know: fills the server list.
  virtual Task<Result<void>> greet(std::string address) = 0;
  /// This node lives.
  virtual Task<Result<Standing>> renew(std::string address) = 0;
  /// Lets the leader enter it into the member table.
  virtual Task<Result<void>> present(std::string address) = 0;
};

struct LinkOptions {
  std::string node;  ///< This node's name, which requests are made for.
  Nanos renew_period{std::chrono::milliseconds(3250)};
  /// A request waits for a server at most so long after the last one was lost; then it is
  /// answered 500 at once.
  Nanos hold{std::chrono::seconds(7)};
  /// Between these, at random, the agent moves to another server.
  Nanos rebalance_min{std::chrono::minutes(2)};
  Nanos rebalance_max{std::chrono::minutes(3)};
  api::WaitLimits waits;
  /// Requests under way at once; 429 beyond.
  std::size_t requests_max = 8'192;
};

class Link final : public api::Upstream {
 public:
  /// All references outlive this object.
  Link(Loop& main, const Clock& clock, api::LastingRpc& rpc, ServerCalls& calls,
       ServerList& servers, LinkOptions options, Rng rng, Metrics& metrics);

  void start();
  void stop();
  /// No more leases from now on: this node leaves. resume() when that failed.
  void pause() { paused_ = true; }
  void resume();
  /// New servers are known: do not wait with trying them.
  void look_now();
  /// Called each time a server is reached, and when the node has been listed.
  void on_reached(std::function<void()> listener) { reached_ = std::move(listener); }
  /// Called each time another server is in use; calls at the one before go on there.
  void on_moved(std::function<void()> listener) { moved_ = std::move(listener); }

  /// Any loop; resumes there.
  Task<api::Response> call(api::Request request) override;
  /// For somebody who may give up. Main.
  Task<api::Response> call_until(api::Request request, std::shared_ptr<api::CallCancel> cancel);

  bool is_connected() const { return !server_.empty(); }
  /// "ip:port", "" = none.
  const std::string& server() const { return server_; }
  /// Returns when a server is reached, or false.
  Task<bool> wait_for_server(Nanos timeout);
  /// How many members the cluster had when the lease was renewed last.
  std::uint64_t members() const { return members_; }
  bool is_listed() const { return listed_; }
  /// When a server that reaches the leader was heard last, on the boot-time clock; 0 = never. Any
  /// thread.
  Nanos last_contact() const { return Nanos(contact_.load(std::memory_order_relaxed)); }

 private:
  Task<void> keep_linked();
  Task<void> connect();
  Task<bool> try_server(std::string address, bool choosy);
  Task<void> renew();
  Task<void> rebalance();
  Task<void> present(std::string address);
  void settle_on(const std::string& address, const ServerCalls::Standing& standing);
  void lose(const std::string& why);
  void suspect(const std::string& address);
  void note_contact(const ServerCalls::Standing& standing);
  Task<api::Response> forward(api::Request request, std::shared_ptr<api::CallCancel> cancel);
  api::Response no_servers() const;

  Loop& main_;
  const Clock& clock_;
  api::LastingRpc& rpc_;
  ServerCalls& calls_;
  ServerList& servers_;
  const LinkOptions options_;
  Rng rng_;
  Counter& moves_;
  Counter& repeated_;
  Gauge& under_way_;
  std::function<void()> reached_;
  std::function<void()> moved_;

  std::string server_;  ///< The one in use.
  std::string lost_;    ///< The one that was lost last.
  std::string why_;     ///< Why no server could be reached.
  Nanos down_since_{};
  Nanos next_rebalance_{};
  std::uint32_t failures_ = 0;  ///< Rounds over all servers, in a row.
  std::uint32_t cut_off_ = 0;   ///< Renewals in a row that did not reach the leader.
  std::uint64_t looks_ = 0;     ///< Answers of servers to renewals, and losses.
  std::uint64_t members_ = 0;
  std::atomic<Nanos::rep> contact_ = 0;
  /// Shared with those who are under way, which may outlive this object.
  const std::shared_ptr<std::size_t> requests_ = std::make_shared<std::size_t>(0);
  bool presented_ = false;  ///< Since the start of this process.
  bool presenting_ = false;
  bool listed_ = false;
  bool paused_ = false;
  bool poked_ = false;
  bool stopped_ = false;
  Waiter wake_;    ///< keep_linked() has something to do.
  Waiter looked_;  ///< looks_ has changed, or a server is in use.
};

}  // namespace conclave::agent
