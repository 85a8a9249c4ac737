#include "daemon/leases/leases.h"

#include <utility>

#include "base/run/log.h"
#include "base/run/run_on.h"
#include "base/run/sleep.h"

namespace conclave::daemon {
namespace {

constexpr Nanos look_period = std::chrono::milliseconds(200);
/// A proposal that failed is made again after this.
constexpr Nanos retry_after = std::chrono::seconds(1);
/// A held renewal waits at most so long; longer than a proposal waits for a leader.
constexpr Nanos renewal_hold_max = std::chrono::seconds(10);
/// The longest lock-delay (contract 5.1) and a little: by then all that were armed before are over.
constexpr Nanos lock_delay_age = std::chrono::seconds(65);
/// Proposed to end in one look at the clock; the rest in the next.
constexpr std::size_t expiries_max = 512;

std::unexpected<Error> not_leading() { return fail(ErrorCode::no_leader, "No cluster leader"); }

}  // namespace

Leases::Leases(Loop& main, Replica& replica, const Clock& clock, Metrics& metrics,
               std::function<LeaseBasis()> read_basis)
    : main_(main),
      replica_(replica),
      clock_(clock),
      read_basis_(std::move(read_basis)),
      expired_(metrics.counter("consul.session_ttl.invalidate",
                               "Sessions that were not renewed in time")),
      active_(metrics.gauge("consul.session_ttl.active", "Sessions with a TTL, on the leader")),
      outcomes_(main) {
  replica_.on_changes(
      [this](const std::shared_ptr<const ChangeSet>& changes) { on_changes(*changes); });
  replica_.on_leadership([this](bool leading) { on_leadership(leading); });
}

Leases::~Leases() = default;

void Leases::start() { main_.spawn("leases", keep_time()); }

void Leases::stop() {
  stopped_ = true;
  outcomes_.notify_all();
}

Task<void> Leases::keep_time() {
  while (!stopped_) {
    tick();
    co_await sleep_for(main_, look_period);
  }
}

void Leases::tick() {
  if (!leading_ || stopped_) return;
  const Nanos now = clock_.boot_now();
  for (std::string& id : timers_.take_expired(now, expiries_max)) {
    main_.spawn("session expiry", expire(std::move(id), leadership_));
  }
  if (const auto through = tombstones_.take_due(now)) {
    main_.spawn("tombstone reaping", reap_tombstones(*through, leadership_));
  }
  if (lock_delays_due_ != Nanos::zero() && lock_delays_due_ <= now) {
    lock_delays_due_ = Nanos::zero();
    main_.spawn("lock-delay reaping", reap_lock_delays(leadership_));
  }
  active_.set(static_cast<double>(timers_.timed()));
}

void Leases::start_timer(const ChangeSet::SessionBegan& session) {
  // Apply refuses what cannot be read as a duration; "" is none.
  const auto ttl = parse_duration(session.ttl);
  timers_.start(session.id, ttl.value_or(Nanos::zero()), clock_.boot_now());
}

void Leases::on_changes(const ChangeSet& changes) {
  if (!leading_) return;
  if (changes.is_restore()) return begin_anew();
  for (const auto& session : changes.sessions_began) start_timer(session);
  for (const std::string& id : changes.sessions_ended) timers_.end(id);
  if (!changes.sessions_ended.empty()) outcomes_.notify_all();
  if (changes.removed_keys) tombstones_.removed(changes.revision, clock_.boot_now());
  if (changes.armed_lock_delays && lock_delays_due_ == Nanos::zero()) {
    lock_delays_due_ = clock_.boot_now() + lock_delay_age;
  }
}

void Leases::on_leadership(bool leading) {
  leading_ = leading;
  timers_.clear();
  tombstones_.clear();
  lock_delays_due_ = Nanos::zero();
  outcomes_.notify_all();
  active_.set(0);
  if (!leading) return;
  begin_anew();
}

/// Everybody gets the full time: of what was before a new leader knows nothing, and after a restore
/// nothing of it counts.
void Leases::begin_anew() {
  ++leadership_;
  timers_.clear();
  tombstones_.clear();
  outcomes_.notify_all();
  const LeaseBasis basis = read_basis_();
  for (const auto& session : basis.sessions) start_timer(session);
  // How old the tombstones are that an earlier leader left is not known: no older than now.
  tombstones_.removed(basis.revision, clock_.boot_now());
  lock_delays_due_ = clock_.boot_now() + lock_delay_age;
}

/// Once its end is proposed a session cannot be saved any more: the proposal may be applied
/// whatever was answered.
Task<void> Leases::expire(std::string session_id, std::uint64_t leadership) {
  while (still_leads(leadership)) {
    Command command{.body = SessionEnd{.id = session_id, .expired = true}};
    const auto outcome = co_await replica_.propose(std::move(command));
    if (outcome) {
      expired_.add();
      log_debug("leases", "Session {} expired", session_id);
      if (still_leads(leadership)) timers_.end(session_id);
      outcomes_.notify_all();
      co_return;
    }
    log_warn("leases", "Session {} has expired and could not be ended yet: {}", session_id,
             outcome.error().message);
    co_await sleep_for(main_, retry_after);
  }
}

Task<void> Leases::reap_tombstones(std::uint64_t through, std::uint64_t leadership) {
  while (still_leads(leadership)) {
    const auto outcome = co_await replica_.propose(Command{.body = ReapTombstones{through}});
    if (outcome && outcome->done) co_return;
    if (!outcome) co_await sleep_for(main_, retry_after);
  }
}

Task<void> Leases::reap_lock_delays(std::uint64_t leadership) {
  while (still_leads(leadership)) {
    const auto outcome = co_await replica_.propose(Command{.body = ReapLockDelays{}});
    if (outcome && outcome->done) co_return;
    if (!outcome) co_await sleep_for(main_, retry_after);
  }
}

Task<Result<bool>> Leases::renew(std::string session_id) {
  if (main_.is_here()) co_return co_await renew_on_main(std::move(session_id));
  co_return co_await run_on(main_, renew_on_main(std::move(session_id)));
}

Task<Result<bool>> Leases::renew_on_main(std::string session_id) {
  // A leader that was deposed without knowing must not promise anything: this needs a valid lease.
  const auto permit = co_await replica_.read_permit(Consistency::standard);
  if (!permit) co_return std::unexpected(permit.error());
  const Nanos give_up = clock_.boot_now() + renewal_hold_max;
  const std::uint64_t leadership = leadership_;
  while (still_leads(leadership)) {
    const Nanos now = clock_.boot_now();
    switch (timers_.renew(session_id, now)) {
      case SessionTimers::Renewal::renewed:
        co_return true;
      case SessionTimers::Renewal::unknown:
        co_return false;
      case SessionTimers::Renewal::expiring:
        break;
    }
    if (now >= give_up) co_return fail(ErrorCode::unknown_outcome, "the session is expiring");
    co_await outcomes_.wait_for(give_up - now);
  }
  co_return not_leading();
}

}  // namespace conclave::daemon
