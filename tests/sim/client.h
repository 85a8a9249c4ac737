#pragma once

/// A client: asks any server, does not know what became of a request that nobody answered, tries
/// again under the same request id when it has one. What it is told is checked against the Truth.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/sim/replica.h"
#include "tests/sim/server.h"

namespace conclave::sim {

/// What clients need of the world.
struct Public {
  Timeline& timeline;
  Rng& rng;
  Truth& truth;
  Observer& observer;
  Coverage& coverage;
  std::vector<std::unique_ptr<SimServer>>& servers;
  bool closed = false;      ///< No more requests.
  SimTime rests_until = 0;  ///< No writes until then.
  std::uint64_t last_operation = 0;
};

class Client {
 public:
  Client(Public& outside, std::string name) : outside_(outside), name_(std::move(name)) {}
  virtual ~Client() = default;
  /// Its first step; each leads to the next.
  virtual void act() = 0;

 protected:
  enum class Fate : std::uint8_t { done, undone, refused, unknown };
  struct Told {
    Fate fate = Fate::unknown;
    daemon::Outcome outcome;
  };

  /// Calls act() after a while, up to that long.
  void act_within(SimTime longest);
  void after(SimTime delay, Action what);
  SimServer& any_server();
  /// Does the write, again if it has a request id and is not answered.
  void write(daemon::Command command, std::move_only_function<void(Told)> told);
  /// Asks one server: nothing comes back if it is down or dies, so `what` has to be told of
  /// time-outs by itself.
  void at_server(std::move_only_function<void(SimReplica&)> what, Action nobody_there);
  /// Brings an answer back to the client.
  void back(Action what) { after(reply_delay(), std::move(what)); }
  /// Permit, then `look` on the same server, in one go.
  void read(Consistency consistency,
            std::function<void(SimReplica&, raft::Index shown_before)> look, Action then);
  std::uint64_t next_operation() { return ++outside_.last_operation; }
  daemon::KvOp op(daemon::KvVerb verb, std::string key);
  SimTime now() const { return outside_.timeline.now(); }
  Rng& rng() { return outside_.rng; }

  Public& outside_;
  const std::string name_;

 private:
  struct Writing;
  void try_write(std::shared_ptr<Writing> writing);
  void conclude(Writing& writing, Result<daemon::Outcome> outcome);
  SimTime reply_delay() { return outside_.rng.between(50, 2000); }
};

/// Sets, compares, deletes, transactions and reads of some keys.
class KvClient final : public Client {
 public:
  using Client::Client;
  void act() override;

 private:
  void write_one();
  void transact();
  void read_one();
  std::string any_key();
  std::uint64_t seen_index_ = 0;  ///< Of the key read last.
  std::string seen_key_;
};

/// Holds a lock under a session with a TTL, gives it up, or dies with it.
class LockClient final : public Client {
 public:
  using Client::Client;
  void act() override;

 private:
  void begin_session();
  void renew(std::uint64_t life);
  void contend(std::uint64_t life);
  void hold(std::uint64_t life, std::uint64_t fence);
  void release(std::uint64_t life);
  void lose();
  void die();
  SimTime lease_end() const { return renewed_at_ + 2 * ttl_ - ttl_ / 10; }
  void say_belief();

  bool registered_ = false;
  std::uint64_t life_ = 0;
  std::string session_;
  std::string key_;
  SimTime ttl_ = 0;
  SimTime renewed_at_ = 0;   ///< When the last renewal was asked for that was granted.
  std::uint64_t fence_ = 0;  ///< Of the lock that it holds; 0 = none.
};

/// Waits for changes of one key, on one server after the other.
class WatchClient final : public Client {
 public:
  using Client::Client;
  void act() override;

 private:
  std::string key_;
  std::uint64_t index_ = 0;
  std::uint64_t turn_ = 0;
};

/// Reads the stream of all changes, on one server after the other, slowly.
class StreamClient final : public Client {
 public:
  using Client::Client;
  void act() override;
  std::uint64_t revision() const { return revision_; }

 private:
  std::uint64_t revision_ = 1;
};

inline const char* const client_node = "host";
/// The catalog's node, without which there are no sessions.
daemon::Command register_node();

}  // namespace conclave::sim
