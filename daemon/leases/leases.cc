#include "daemon/leases/leases.h"

#include <algorithm>
#include <utility>

#include "api/model/record.h"
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
/// A renewal waits so long for a leader (Consul's performance.rpc_hold_timeout), and asks anew this
/// often.
constexpr Nanos leader_wait_max = std::chrono::seconds(7);
constexpr Nanos ask_again_after = std::chrono::milliseconds(50);
/// The longest lock-delay (contract 5.1) and a little: by then all that were armed before are over.
constexpr Nanos lock_delay_age = std::chrono::seconds(65);
/// Proposed to end in one look at the clock; the rest in the next.
constexpr std::size_t expiries_max = 512;

std::unexpected<Error> not_leading() { return fail(ErrorCode::no_leader, "No cluster leader"); }

/// Renewing twice does no harm, so a lost answer is asked for again.
bool may_ask_again(ErrorCode code) {
  return code == ErrorCode::no_leader || code == ErrorCode::io ||
         code == ErrorCode::unknown_outcome;
}

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
      outcomes_(main),
      leader_(main, metrics) {
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
  // Who waits for an outcome or a leader looks at the clock, too.
  outcomes_.notify_all();
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
    const auto outcome = co_await replica_.propose_as_leader(std::move(command));
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
    const auto outcome =
        co_await replica_.propose_as_leader(Command{.body = ReapTombstones{through}});
    if (outcome && outcome->done) co_return;
    if (!outcome) co_await sleep_for(main_, retry_after);
  }
}

Task<void> Leases::reap_lock_delays(std::uint64_t leadership) {
  while (still_leads(leadership)) {
    const auto outcome = co_await replica_.propose_as_leader(Command{.body = ReapLockDelays{}});
    if (outcome && outcome->done) co_return;
    if (!outcome) co_await sleep_for(main_, retry_after);
  }
}

Task<Result<bool>> Leases::renew(std::string session_id) {
  if (main_.is_here()) co_return co_await renew_on_main(std::move(session_id));
  co_return co_await run_on(main_, renew_on_main(std::move(session_id)));
}

Task<Result<bool>> Leases::renew_on_main(std::string session_id) {
  const Nanos give_up = clock_.boot_now() + leader_wait_max;
  for (;;) {
    Nanos left = give_up - clock_.boot_now();
    auto renewed = co_await renew_once(session_id, left);
    if (renewed || !may_ask_again(renewed.error().code) || !leader_.is_connected()) {
      co_return renewed;
    }
    left = give_up - clock_.boot_now();
    if (stopped_ || left <= Nanos::zero()) co_return not_leading();
    co_await outcomes_.wait_for(std::min(left, ask_again_after));
  }
}

Task<Result<bool>> Leases::renew_once(std::string session_id, Nanos time_left) {
  if (leading_) co_return co_await renew_here(std::move(session_id));
  const LeaderInfo leader = replica_.leader();
  if (leader.is_leader || leader.leader_address.empty() || !leader_.is_connected()) {
    co_return not_leading();
  }
  co_return co_await leader_.renew(leader.leader_address, std::move(session_id),
                                   std::max(time_left, ask_again_after));
}

/// A leader that was deposed without knowing must not promise anything: whoever came after it gave
/// every session its full time before this promise. A lease that is valid now excludes that.
Task<Result<void>> Leases::hold_lease() {
  const std::uint64_t leadership = leadership_;
  while (still_leads(leadership)) {
    ReadPermit permit;
    if (replica_.read_permit_now(Consistency::standard, permit)) co_return Result<void>{};
    const auto confirmed = co_await replica_.read_permit(Consistency::standard);
    if (!confirmed) co_return std::unexpected(confirmed.error());
    if (!replica_.read_permit_now(Consistency::standard, permit)) {
      co_await outcomes_.wait_for(ask_again_after);
    }
  }
  co_return not_leading();
}

Task<Result<bool>> Leases::renew_here(std::string session_id) {
  const Nanos give_up = clock_.boot_now() + renewal_hold_max;
  const std::uint64_t leadership = leadership_;
  while (still_leads(leadership)) {
    if (const auto held = co_await hold_lease(); !held) co_return std::unexpected(held.error());
    if (!still_leads(leadership)) break;
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

void Leases::connect(api::Rpc& rpc, api::RpcHandlers& handlers) {
  leader_.connect(rpc);
  handlers.add(api::RpcMethod::renew_session, [this](const api::RpcPeer&, std::string body) {
    return answer_renewals(std::move(body));
  });
}

/// What other servers pass on; never passed on from here.
Task<Result<std::string>> Leases::answer_renewals(std::string body) {
  const auto call = api::decode_record<RenewCall>(body);
  if (!call || call->sessions.empty() || (call->hold && call->sessions.size() != 1)) {
    co_return fail(ErrorCode::bad_request, "these are no sessions to renew");
  }
  RenewAnswers answers;
  if (call->hold) {
    const auto renewed = co_await renew_here(call->sessions[0]);
    if (!renewed) co_return std::unexpected(renewed.error());
    answers.answers.push_back({*renewed ? Renewed::yes : Renewed::no});
    co_return api::encode_record(answers);
  }
  if (const auto held = co_await hold_lease(); !held) co_return std::unexpected(held.error());
  for (const std::string& session : call->sessions) {
    const auto renewal = timers_.renew(session, clock_.boot_now());
    answers.answers.push_back({renewal == SessionTimers::Renewal::renewed    ? Renewed::yes
                               : renewal == SessionTimers::Renewal::expiring ? Renewed::expiring
                                                                             : Renewed::no});
  }
  co_return api::encode_record(answers);
}

}  // namespace conclave::daemon
