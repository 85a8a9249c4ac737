#pragma once

/// What servers know as the directory of an agent's DNS: each question goes to the server that the
/// agent is linked to. What is kept has a blocking query of its own there, which brings what the
/// thing has become when it changes; the next question is answered by that. So nothing that nobody
/// asks for any more costs a server anything, and without servers the last that was heard stays.
///
/// Two loops: the calls are main's, where the link is; everything else is that of DNS.

#include <atomic>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>

#include "agent/dns/directory.h"
#include "agent/link/link.h"
#include "api/http/message.h"
#include "api/rpc/lasting_calls.h"
#include "base/core/rng.h"
#include "base/run/clock.h"
#include "base/run/loop.h"

namespace conclave::dns {

struct LinkDirectoryOptions {
  std::string node;  ///< This agent's: which part of a large service it is told (part.h).
  /// How long a query stays at a server. That of a prepared query is shorter: what it waits for is
  /// as the server knew the query, which may have been behind.
  Nanos wait = std::chrono::minutes(5);
  Nanos query_wait = std::chrono::minutes(1);
  /// After a change the next one is asked for after this, and so much later as its answer was long:
  /// a large service that changes all the time costs no more than bytes_per_s.
  Nanos pause_min = std::chrono::milliseconds(100);
  std::uint64_t bytes_per_s = 64 << 10;
  /// A query that failed is sent again after this, at random up to twice as much, once there is a
  /// server.
  Nanos retry_after = std::chrono::seconds(1);
  /// While there is no server, a question waits so long since one was there, or since the start;
  /// resolvers give up after 5 s.
  Nanos hold = std::chrono::seconds(3);
  /// What things have become and nobody has asked for since; beyond, the next question of it goes
  /// to the server.
  std::uint64_t news_bytes_max = 8 << 20;
};

class LinkDirectory final : public Directory {
 public:
  /// All references outlive this object, whose link tells it from now on when it has moved.
  LinkDirectory(Loop& main, Loop& dns_loop, const Clock& clock, agent::Link& link,
                LinkDirectoryOptions options, Rng rng);

  /// Nothing is asked any more. Main.
  void stop() { stopped_ = true; }

  Task<Result<Finding>> find(Subject subject, Freshness freshness) override;
  void let_go(const Subject& subject) override;
  Nanos last_contact() const override;
  void tell(ChangeListener* listener) override { listener_ = listener; }

 private:
  /// What a server said.
  struct Heard {
    std::uint64_t index = 0;
    std::string body;
  };
  /// A query at a server. Main's, once it has begun.
  struct Watch {
    std::string target;
    Nanos wait{};
    std::uint64_t index = 0;
    std::shared_ptr<api::CallCancel> cancel;  ///< nullptr: no call is under way.
    bool over = false;
    bool moved = false;  ///< The call is at a server that the link has left.

    void cancel_call() {
      if (cancel != nullptr) cancel->cancel();
    }
  };
  /// Of the loop of DNS.
  struct Kept {
    std::shared_ptr<Watch> watch;
    std::string news;  ///< What it has become, if nobody has asked since; else "".
  };
  struct SubjectHash {
    std::size_t operator()(const Subject& subject) const {
      return std::hash<std::string>()(subject.name) * 4 + static_cast<std::size_t>(subject.kind);
    }
  };

  bool may_be_old(const Freshness& freshness) const;
  void keep(const Subject& subject, std::string target, std::uint64_t index);
  void take_news(const Subject& subject, const Watch* watch, Heard heard, bool rose);
  std::string take_kept_news(Kept& kept);
  // Main.
  Task<Result<Heard>> ask(std::string target);
  Task<void> keep_fresh(Subject subject, std::shared_ptr<Watch> watch);
  void follow_link();
  Task<void> wait_to_retry();
  Result<Heard> read_answer(api::Response response);
  Nanos pause_after(std::size_t bytes) const;

  Loop& main_;
  Loop& dns_loop_;
  const Clock& clock_;
  agent::Link& link_;
  const LinkDirectoryOptions options_;
  const Nanos began_;
  Rng rng_;  ///< Main's, as the next two.
  bool stopped_ = false;
  std::set<std::shared_ptr<Watch>> watches_;  ///< Those that are not over.
  std::atomic<Nanos::rep> contact_ = 0;
  ChangeListener* listener_ = nullptr;
  std::unordered_map<Subject, Kept, SubjectHash> kept_;
  std::uint64_t news_bytes_ = 0;
};

/// The path at which servers tell it, without parameters.
std::string finding_path(const Subject& subject);

}  // namespace conclave::dns
