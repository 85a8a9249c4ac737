#include <fmt/format.h>

#include "tests/sim/client.h"

/// Contenders for locks. A holder keeps to the rule: it takes the lock for its own until twice its
/// TTL after it *asked* for the last renewal that was granted, less what clocks may differ by.

namespace conclave::sim {

using daemon::KvVerb;

void LockClient::act() {
  if (registered_) return begin_session();
  write(register_node(), [this](const Told& told) {
    registered_ = told.fate == Fate::done;
    act_within(100 * milliseconds);
  });
}

void LockClient::begin_session() {
  const std::uint64_t life = ++life_;
  fence_ = 0;
  ttl_ = rng().between(10, 40) * 100 * milliseconds;
  key_ = fmt::format("lock/{}", rng().below(2));
  daemon::SessionCreate create;
  create.session.id = fmt::format("session-{}", next_operation());
  create.session.node = client_node;
  create.session.ttl = fmt::format("{}ms", ttl_ / milliseconds);
  create.session.behavior = rng().chance(1, 3) ? "delete" : "release";
  create.session.lock_delay = std::chrono::milliseconds(rng().chance(1, 2) ? rng().below(2000) : 0);
  session_ = create.session.id;
  const SimTime asked = now();
  daemon::Command command{.body = std::move(create)};
  if (rng().chance(1, 2)) command.request_id = session_;
  write(std::move(command), [this, life, asked](const Told& told) {
    if (told.fate != Fate::done) return act_within(seconds);
    renewed_at_ = asked;
    renew(life);
    contend(life);
  });
}

/// Every so often, whatever came of the one before.
void LockClient::renew(std::uint64_t life) {
  if (life != life_ || outside_.closed) return;
  const SimTime asked = now();
  ++outside_.coverage.operations;
  at_server(
      [this, life, asked, session = session_](SimReplica& server) {
        server.renew(session, [this, life, asked, session](Result<SimReplica::Renewal> renewal) {
          if (!renewal) return;
          back([this, life, asked, session, renewal = *renewal] {
            if (life != life_) return;
            if (!renewal.granted) return lose();
            ++outside_.coverage.renewals;
            outside_.truth.renewed(session, renewal.at);
            renewed_at_ = std::max(renewed_at_, asked);
            if (fence_ != 0) say_belief();
          });
        });
      },
      [] {});
  after(rng().between(ttl_ / 4, ttl_), [this, life] { renew(life); });
}

void LockClient::say_belief() {
  if (lease_end() > now()) outside_.truth.believes(key_, fence_, lease_end());
}

void LockClient::contend(std::uint64_t life) {
  if (life != life_ || outside_.closed) return;
  daemon::KvOp acquire = op(KvVerb::lock, key_);
  acquire.session = session_;
  daemon::Command command{.body = acquire};
  if (rng().chance(1, 2)) command.request_id = fmt::format("{}-{}", name_, acquire.flags);
  write(std::move(command), [this, life](const Told& told) {
    if (life != life_) return;
    if (told.fate == Fate::done) return hold(life, told.outcome.fence);
    if (told.fate == Fate::undone && !told.outcome.error.empty()) return lose();
    after(rng().between(200 * milliseconds, seconds), [this, life] { contend(life); });
  });
}

void LockClient::hold(std::uint64_t life, std::uint64_t fence) {
  ++outside_.coverage.locks;
  require(fence != 0, "22: a lock without a fencing token");
  fence_ = fence;
  say_belief();
  after(rng().between(300 * milliseconds, 3 * seconds), [this, life] { release(life); });
}

void LockClient::release(std::uint64_t life) {
  if (life != life_ || outside_.closed) return;
  if (rng().chance(1, 4)) return die();
  outside_.truth.believes(key_, std::exchange(fence_, 0), now());
  daemon::Command command;
  const bool ends_session = rng().chance(1, 4);
  if (ends_session) {
    command.body = daemon::SessionEnd{.id = session_};
    ++life_;
  } else {
    daemon::KvOp unlock = op(KvVerb::unlock, key_);
    unlock.session = session_;
    command.body = unlock;
  }
  write(std::move(command), [this, life, ends_session](const Told& told) {
    if (ends_session) return act_within(seconds);
    // An unlocking that may still be under way would take what is acquired next.
    if (told.fate == Fate::unknown && life == life_) return lose();
    if (life == life_) after(rng().below(seconds), [this, life] { contend(life); });
  });
}

void LockClient::lose() {
  ++life_;
  fence_ = 0;
  act_within(seconds);
}

/// Says nothing to anybody; somebody like it comes later.
void LockClient::die() {
  ++life_;
  fence_ = 0;
  outside_.truth.abandoned(session_);
  after(rng().between(3 * seconds, 8 * seconds), [this] { act_within(seconds); });
}

}  // namespace conclave::sim
