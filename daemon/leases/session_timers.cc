#include "daemon/leases/session_timers.h"

namespace conclave::daemon {

void SessionTimers::schedule(ById::iterator session, Nanos now) {
  auto& [id, timer] = *session;
  if (timer.ttl <= Nanos::zero()) return;
  timer.deadline = now + 2 * timer.ttl;
  by_deadline_.emplace(timer.deadline, id);
}

void SessionTimers::unschedule(ById::iterator session) {
  by_deadline_.erase({session->second.deadline, session->first});
}

void SessionTimers::start(const std::string& id, Nanos ttl, Nanos now) {
  end(id);
  schedule(by_id_.emplace(id, Timer{.ttl = ttl}).first, now);
}

void SessionTimers::end(const std::string& id) {
  const auto session = by_id_.find(id);
  if (session == by_id_.end()) return;
  unschedule(session);
  by_id_.erase(session);
}

void SessionTimers::clear() {
  by_deadline_.clear();
  by_id_.clear();
}

SessionTimers::Renewal SessionTimers::renew(const std::string& id, Nanos now) {
  const auto session = by_id_.find(id);
  if (session == by_id_.end()) return Renewal::unknown;
  if (session->second.expiring) return Renewal::expiring;
  unschedule(session);
  schedule(session, now);
  return Renewal::renewed;
}

std::vector<std::string> SessionTimers::take_expired(Nanos now, std::size_t limit) {
  std::vector<std::string> expired;
  while (!by_deadline_.empty() && by_deadline_.begin()->first <= now && expired.size() < limit) {
    expired.emplace_back(by_deadline_.begin()->second);
    by_deadline_.erase(by_deadline_.begin());
    by_id_.find(expired.back())->second.expiring = true;
  }
  return expired;
}

}  // namespace conclave::daemon
