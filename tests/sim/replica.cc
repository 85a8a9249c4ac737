#include "tests/sim/replica.h"

#include <algorithm>

#include "base/core/assert.h"
#include "daemon/read/kv_read.h"
#include "daemon/state/session.h"
#include "tests/sim/mutant.h"
#include "tests/sim/server.h"

namespace conclave::sim {

using daemon::SessionTimers;
using raft::Index;

namespace {

/// How long a request waits for a leader (ReplicaOptions::rpc_hold_timeout).
constexpr SimTime hold = 7 * seconds;
constexpr SimTime renewal_hold = 10 * seconds;
constexpr SimTime look_again = 100 * milliseconds;
/// Of changes in one answer.
constexpr std::size_t stream_slice = 16;

}  // namespace

SimReplica::SimReplica(SimServer& server)
    : server_(server), cluster_clock_(daemon::stored_cluster_time_ms(server.disk().store)) {}

SimReplica::~SimReplica() = default;

Index SimReplica::applied() const { return server_.disk().store.applied().index; }
SimTime SimReplica::now() const { return server_.outside().timeline.now(); }

std::uint64_t SimReplica::cluster_time_ms() const {
  return cluster_clock_.now_ms(server_.boot_now());
}

bool SimReplica::has_lease() const {
  if (!leading_) return false;
  const raft::Node& node = server_.node();
  if (is(Mutant::lease_by_wrong_clock)) return node.lease_ticks_left() > 0;
  if (!node.lease_start_tick()) return false;
  const Nanos tick = std::chrono::milliseconds(node.options().tick_ms);
  const Nanos length = tick * static_cast<int>(node.options().lease_ticks);
  return server_.boot_now() < lease_clock_.end_of_lease(*node.lease_start_tick(), length);
}

template <class T>
void SimReplica::ask_leader(Question<T> question, SimTime give_up, Done<T> done) {
  if (leading_) return question(*this, std::move(done));
  const raft::NodeId leader = server_.node().leader();
  if (leader.value.empty() || leader == server_.id()) {
    if (now() >= give_up) return done(fail(ErrorCode::no_leader, "No cluster leader"));
    return server_.later(look_again, [this, question = std::move(question), give_up,
                                      done = std::move(done)]() mutable {
      ask_leader<T>(std::move(question), give_up, std::move(done));
    });
  }
  // Once, whatever becomes of it.
  const auto answer = std::make_shared<Done<T>>(std::move(done));
  const auto once = [answer](Result<T> result) {
    if (Done<T> first = std::exchange(*answer, nullptr)) first(std::move(result));
  };
  Outside& outside = server_.outside();
  const std::size_t here = server_.number();
  const std::size_t there = Network::number_of(leader);
  SimServer& asks = server_;
  Done<T> reply = [&asks, once, there, life = asks.life()](Result<T> result) {
    asks.outside().network.say(there, asks.number(), [&asks, once, life, result]() mutable {
      if (asks.life() != life) return;
      asks.handle([once, result = std::move(result)] { once(result); });
    });
  };
  outside.network.say(
      here, there,
      [&outside, there, question = std::move(question), reply = std::move(reply)]() mutable {
        SimServer& leads = outside.server(there);
        leads.handle([&leads, question = std::move(question), reply = std::move(reply)]() mutable {
          question(leads.replica(), std::move(reply));
        });
      });
  server_.later(give_up + seconds - now(),
                [once] { once(fail(ErrorCode::unknown_outcome, "the leader has not answered")); });
}

void SimReplica::write(daemon::Command command, Done<daemon::Outcome> done) {
  ask_leader<daemon::Outcome>(
      [command = std::move(command)](SimReplica& leader, Done<daemon::Outcome> answer) mutable {
        leader.submit(std::move(command), false, std::move(answer));
      },
      now() + hold, std::move(done));
}

void SimReplica::permit(Consistency consistency, Done<void> done) {
  if (consistency == Consistency::stale) return done({});
  ask_leader<Index>(
      [consistency](SimReplica& leader, Done<Index> answer) {
        leader.read_index(consistency, std::move(answer));
      },
      now() + hold,
      [this, done = std::move(done)](Result<Index> index) mutable {
        if (!index) return done(std::unexpected(index.error()));
        when_applied(*index, std::move(done));
      });
}

/// On the leader: what a read must be able to see. Followers are told of no commit that is not
/// applied here, so under the lease that is what is applied.
void SimReplica::read_index(Consistency consistency, Done<Index> done) {
  if (consistency == Consistency::standard && has_lease()) {
    ++server_.outside().coverage.lease_reads;
    server_.host().share_commit();
    return done(server_.node().applied_index());
  }
  const auto answer = std::make_shared<Done<Index>>(std::move(done));
  server_.host().request_read([this, answer](Result<Index> index) {
    ++server_.outside().coverage.index_reads;
    server_.host().share_commit();
    (*answer)(std::move(index));
  });
}

void SimReplica::when_applied(Index index, Done<void> done) {
  if (applied() >= index) return done({});
  reads_.push_back({index, std::move(done)});
}

void SimReplica::answer_reads() {
  for (auto read = reads_.begin(); read != reads_.end();) {
    if (read->index > applied()) {
      ++read;
      continue;
    }
    Done<void> done = std::move(read->done);
    read = reads_.erase(read);
    done({});
  }
}

Answer SimReplica::look_up(const std::string& key) const {
  const daemon::KeyRead read = daemon::read_key(server_.disk().store, key);
  Answer answer{applied(), std::nullopt, read.index};
  if (read.entry) {
    answer.entry = ModelEntry{std::string(read.entry->value),
                              read.entry->flags,
                              std::string(read.entry->session),
                              read.entry->create_index,
                              read.entry->modify_index,
                              read.entry->lock_index,
                              read.entry->fence};
  }
  return answer;
}

void SimReplica::watch(std::string key, std::uint64_t index, SimTime wait, Done<Answer> done) {
  Answer answer = look_up(key);
  if (answer.index > index) return done(std::move(answer));
  waiters_.push_back({std::move(key), index, now() + wait, std::move(done)});
}

/// As daemon/watch does: whoever stands on a topic that was touched looks again.
void SimReplica::wake(const daemon::ChangeSet& changes) {
  for (auto waiter = waiters_.begin(); waiter != waiters_.end();) {
    const bool touched = std::ranges::any_of(changes.topics, [&](const daemon::Topic& topic) {
      return topic.kind == daemon::TopicKind::key && topic.name == waiter->key;
    });
    Answer answer = look_up(waiter->key);
    if (answer.index <= waiter->index) {
      ++waiter;
      continue;
    }
    // A missing key's index is that of all keys, and does not wake (contract 2.2).
    if (!answer.entry && !touched) {
      ++waiter;
      continue;
    }
    require(touched, "23: a change that wakes nobody");
    Done<Answer> done = std::move(waiter->done);
    waiter = waiters_.erase(waiter);
    done(std::move(answer));
  }
}

void SimReplica::wake_all() {
  for (Waiter& waiter : std::exchange(waiters_, {})) waiter.done(look_up(waiter.key));
}

std::vector<Change> SimReplica::changes_after(std::uint64_t revision) const {
  std::vector<Change> changes = sim::changes_after(server_.disk().store, revision);
  if (changes.size() > stream_slice) {
    if (is(Mutant::watch_skips)) {
      changes.erase(changes.begin(), changes.end() - stream_slice);
    } else {
      // Never in the middle of a revision.
      std::size_t end = stream_slice;
      while (end < changes.size() && changes[end].revision == changes[end - 1].revision) ++end;
      changes.resize(end);
    }
  }
  return changes;
}

void SimReplica::leadership_changed() {
  if (leading_) {
    leading_ = false;
    cluster_clock_.follow();
    timers_.clear();
    proposals_.restart_deadlines(server_.boot_now() + std::chrono::microseconds(hold));
  }
  refuse_outdated();
}

void SimReplica::ready_for_proposal() {
  if (!leading_) {
    leading_ = true;
    server_.outside().truth.took_office();
    ++leadership_;
    cluster_clock_.lead(server_.boot_now());
    timers_.clear();
    for (const auto& session : daemon::live_sessions(server_.disk().store)) {
      timers_.start(session.id, parse_duration(session.ttl).value_or(Nanos::zero()),
                    server_.boot_now());
    }
  }
  flush();
}

void SimReplica::ticks() { lease_clock_.ticked(server_.node().ticks() + 1, server_.boot_now()); }

void SimReplica::ticked() {
  expire_proposals();
  if (leading_) {
    look_at_timers();
    flush_soon();
  }
  for (auto waiter = waiters_.begin(); waiter != waiters_.end();) {
    if (waiter->until > now()) {
      ++waiter;
      continue;
    }
    Done<Answer> done = std::move(waiter->done);
    Answer answer = look_up(waiter->key);
    waiter = waiters_.erase(waiter);
    done(std::move(answer));
  }
}

void SimReplica::look_at_timers() {
  for (std::string& id : timers_.take_expired(server_.boot_now(), 512)) {
    expire_session(std::move(id), leadership_);
  }
}

/// Leases::expire().
void SimReplica::expire_session(std::string id, std::uint64_t leadership) {
  if (!leading_ || leadership != leadership_) return;
  daemon::Command command{.body = daemon::SessionEnd{.id = id, .expired = true}};
  submit(std::move(command), true, [this, id, leadership](Result<daemon::Outcome> outcome) {
    if (outcome) {
      if (leading_ && leadership == leadership_) timers_.end(id);
      return;
    }
    server_.later(seconds, [this, id, leadership] { expire_session(id, leadership); });
  });
}

void SimReplica::renew(std::string session, Done<Renewal> done) {
  const SimTime give_up = now() + renewal_hold;
  ask_leader<Renewal>(
      [session, give_up](SimReplica& leader, Done<Renewal> answer) {
        leader.renew_here(session, give_up, std::move(answer));
      },
      now() + hold, std::move(done));
}

/// Leases::renew_here(): a leader that was deposed without knowing must not promise anything.
void SimReplica::renew_here(std::string session, SimTime give_up, Done<Renewal> done) {
  if (has_lease()) return renew_by_timer(std::move(session), give_up, std::move(done));
  if (!leading_ || now() >= give_up) return done(fail(ErrorCode::no_leader, "No cluster leader"));
  server_.later(look_again, [this, session, give_up, done = std::move(done)]() mutable {
    renew_here(std::move(session), give_up, std::move(done));
  });
}

void SimReplica::renew_by_timer(std::string session, SimTime give_up, Done<Renewal> done) {
  switch (timers_.renew(session, server_.boot_now())) {
    case SessionTimers::Renewal::renewed:
      return done(Renewal{true, now()});
    case SessionTimers::Renewal::unknown:
      return done(Renewal{});
    case SessionTimers::Renewal::expiring:
      break;
  }
  if (now() >= give_up) return done(fail(ErrorCode::unknown_outcome, "the session is expiring"));
  server_.later(look_again, [this, session, give_up, done = std::move(done)]() mutable {
    renew_here(std::move(session), give_up, std::move(done));
  });
}

}  // namespace conclave::sim
