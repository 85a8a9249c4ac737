#include "tests/sim/truth.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "base/core/assert.h"
#include "base/core/duration.h"
#include "daemon/state/change_set.h"
#include "daemon/tables/changes.h"
#include "daemon/tables/key.h"
#include "daemon/tables/row.h"
#include "tests/sim/observer.h"

namespace conclave::sim {

using daemon::KvVerb;
using raft::Index;

namespace {

/// Clocks go wrong by 2 %, and a stamp is cut to milliseconds.
SimTime at_least(SimTime length) { return length - length / 40; }

SimTime to_sim_time(Nanos length) { return static_cast<SimTime>(length.count()) / 1000; }

}  // namespace

std::vector<Change> changes_after(const daemon::ReadRows& rows, std::uint64_t revision) {
  std::vector<Change> changes;
  const std::string table = daemon::table_key(daemon::Table::changes);
  rows.scan(daemon::change_key(revision + 1, 0), [&](std::string_view key, std::string_view row) {
    if (!key.starts_with(table)) return false;
    const auto change = daemon::decode_row<daemon::ChangeRow>(row);
    changes.push_back({daemon::change_revision(key), std::string(key), std::string(change.name),
                       change.topic == static_cast<std::uint64_t>(daemon::TopicKind::key)});
    return true;
  });
  return changes;
}

std::uint64_t operation_of(const daemon::Command& command) {
  if (const auto* op = std::get_if<daemon::KvOp>(&command.body)) return op->flags;
  if (const auto* txn = std::get_if<daemon::Txn>(&command.body)) return txn->ops.front().flags;
  return 0;
}

void Truth::applied(const raft::Entry& entry, const daemon::EntryPayload& payload,
                    const std::vector<daemon::Outcome>& outcomes, const daemon::ReadRows& rows) {
  if (entry.index > last_) {
    last_ = entry.index;
    verdicts_.resize(last_.value + 1);
    const auto stamped = stamped_.find({entry.index, entry.term});
    CONCLAVE_ASSERT_WHY(stamped != stamped_.end(), "somebody has made it");
    stamped_at_ = stamped->second;
    for (const daemon::Command& command : payload.commands) add(command, payload.cluster_time_ms);
    note_changes(rows);
  }
  const std::vector<Verdict>& verdicts = verdicts_[entry.index.value];
  CONCLAVE_ASSERT(verdicts.size() == outcomes.size());
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const Verdict& verdict = verdicts[i];
    const daemon::Outcome& outcome = outcomes[i];
    if (outcome.done == verdict.done && outcome.error.empty() != verdict.refused &&
        outcome.revision == verdict.revision && outcome.fence == verdict.fence) {
      continue;
    }
    throw Violation(fmt::format(
        "{}: entry {}, command {}: done {} revision {} fence {} error '{}', and not done {} "
        "revision {} fence {}",
        verdict.repeated ? 24 : 19, entry.index.value, i, outcome.done, outcome.revision,
        outcome.fence, outcome.error, verdict.done, verdict.revision, verdict.fence));
  }
}

void Truth::add(const daemon::Command& command, std::uint64_t cluster_ms) {
  const auto* end = std::get_if<daemon::SessionEnd>(&command.body);
  if (end != nullptr && model_.sessions().contains(end->id)) note_session_ends(*end);
  const Verdict verdict = model_.apply(command, cluster_ms);
  verdicts_[last_.value].push_back(verdict);
  ++commands;
  if (verdict.repeated) {
    ++repeated;
    return;
  }
  if (const std::uint64_t operation = operation_of(command)) note_effect(operation);
  if (const auto* op = std::get_if<daemon::KvOp>(&command.body)) {
    if (op->verb == KvVerb::lock && verdict.done) note_lock(*op, verdict);
  }
  const auto* create = daemon::body_as<daemon::SessionCreate>(command.body);
  if (create != nullptr && verdict.done) note_session_begins(create->session);
  for (const std::string& key : model_.touched()) {
    const auto entry = model_.keys().find(key);
    versions_[key].emplace_back(
        last_, entry == model_.keys().end() ? std::nullopt : std::optional(entry->second));
  }
  if (!model_.touched().empty()) {
    kv_indexes_.emplace_back(last_, model_.kv_index());
    expected_changes_[verdict.revision] = model_.touched();
  }
}

void Truth::note_effect(std::uint64_t operation) {
  if (refused_.contains(operation)) {
    throw Violation(
        fmt::format("24: operation {} was refused for certain, and applied", operation));
  }
  if (!effects_.emplace(operation, Effect{timeline_.now()}).second) {
    throw Violation(fmt::format("24: operation {} was applied twice", operation));
  }
}

void Truth::acknowledged(std::uint64_t operation, SimTime called) {
  const auto effect = effects_.find(operation);
  if (effect == effects_.end()) {
    throw Violation(fmt::format("7: operation {} is acknowledged and nowhere applied", operation));
  }
  require(effect->second.first >= called, "19: a write took effect before it was asked for");
}

void Truth::refused(std::uint64_t operation) {
  if (effects_.contains(operation)) {
    throw Violation(fmt::format("24: operation {} was applied, then refused", operation));
  }
  refused_.insert(operation);
}

void Truth::check_read(const std::string& key, Index at, const std::optional<ModelEntry>& entry,
                       std::uint64_t index, const char* how) const {
  const auto before = [at](const auto& all) {
    return std::ranges::upper_bound(all, at, {}, [](const auto& one) { return one.first; });
  };
  std::optional<ModelEntry> expected;
  if (const auto versions = versions_.find(key); versions != versions_.end()) {
    const auto after = before(versions->second);
    if (after != versions->second.begin()) expected = std::prev(after)->second;
  }
  std::uint64_t expected_index = expected ? expected->modify_index : 1;
  if (!expected) {
    const auto after = before(kv_indexes_);
    if (after != kv_indexes_.begin()) expected_index = std::prev(after)->second;
  }
  if (entry == expected && index == expected_index) return;
  throw Violation(fmt::format("{} of {} at log index {}: index {} value '{}', and not {} '{}'", how,
                              key, at.value, index, entry ? entry->value : "none", expected_index,
                              expected ? expected->value : "none"));
}

void Truth::check_changes(std::uint64_t after, const std::vector<Change>& changes) const {
  auto expected =
      std::ranges::upper_bound(changes_, after, {}, [](const Change& one) { return one.revision; });
  for (const Change& change : changes) {
    require(expected != changes_.end(), "23: a change that nobody made");
    if (*expected != change) {
      throw Violation(fmt::format("23: after {} change {} of '{}', and not {} of '{}'", after,
                                  change.revision, change.name, expected->revision,
                                  expected->name));
    }
    ++expected;
  }
}

void Truth::note_changes(const daemon::ReadRows& rows) {
  const std::uint64_t last = changes_.empty() ? 1 : changes_.back().revision;
  std::map<std::uint64_t, std::set<std::string>> keys;
  for (Change& change : changes_after(rows, last)) {
    if (change.is_key) keys[change.revision].insert(change.name);
    changes_.push_back(std::move(change));
  }
  require(keys == expected_changes_, "23: what changed is not what the changes table says");
  expected_changes_.clear();
}

void Truth::note_session_begins(const api::Session& session) {
  const auto ttl = parse_duration(session.ttl);
  lives_[session.id] = {timeline_.now(), ttl ? 2 * to_sim_time(*ttl) : 0};
}

void Truth::note_session_ends(const daemon::SessionEnd& end) {
  Life& life = lives_.at(end.id);
  life.live = false;
  life.expired = end.expired;
  if (end.expired) {
    ++expiries;
    if (timeline_.now() < life.granted + at_least(life.twice_ttl)) {
      throw Violation(
          fmt::format("21: session {} expired {} us after its last renewal, its TTL "
                      "allows {}",
                      end.id, timeline_.now() - life.granted, life.twice_ttl));
    }
  }
  const auto session = model_.sessions().find(end.id);
  for (const auto& [key, entry] : model_.keys()) {
    if (entry.session != end.id) continue;
    Lock& lock = locks_[key];
    lock.delayed_from = stamped_at_;
    lock.delay = session->second.lock_delay_ms * milliseconds;
  }
}

void Truth::renewed(const std::string& session, SimTime granted) {
  const auto life = lives_.find(session);
  if (life == lives_.end()) return;
  life->second.granted = std::max(life->second.granted, granted);
}

void Truth::note_lock(const daemon::KvOp& op, const Verdict& verdict) {
  Lock& lock = locks_[op.key];
  const SimTime now = timeline_.now();
  if (!lock.holdings.empty()) {
    const auto& [fence, last] = *lock.holdings.rbegin();
    if (fence == verdict.fence) return;  // Held already.
    require(verdict.fence > fence, "22: a fencing token that does not rise");
    if (abandoned_.contains(last.session) && lives_.at(last.session).expired) ++handovers;
  }
  if (lock.delay != 0 && now < lock.delayed_from + at_least(lock.delay)) {
    throw Violation(fmt::format("22: {} was acquired within its lock-delay", op.key));
  }
  for (const auto& [fence, holding] : lock.holdings) {
    if (holding.session == op.session || holding.until <= now) continue;
    throw Violation(fmt::format("22: {} acquires {} while {} holds it until {}", op.session, op.key,
                                holding.session, holding.until));
  }
  lock.holdings[verdict.fence] = {op.session, now, 0};
  lock.delay = 0;
}

void Truth::believes(const std::string& key, std::uint64_t fence, SimTime until) {
  auto& holdings = locks_[key].holdings;
  const auto mine = holdings.find(fence);
  if (mine == holdings.end()) {
    throw Violation(fmt::format("22: {} with token {} was never acquired", key, fence));
  }
  mine->second.until = until;
  if (until <= timeline_.now()) return;
  for (auto later = std::next(mine); later != holdings.end(); ++later) {
    if (later->second.session == mine->second.session) continue;
    throw Violation(fmt::format("22: {} holds {} until {}, and {} since {}", mine->second.session,
                                key, until, later->second.session, later->second.since));
  }
}

void Truth::check_no_session_outlives(SimTime slack) const {
  for (const auto& [id, life] : lives_) {
    if (!life.live || life.twice_ttl == 0) continue;
    const SimTime since = std::max(life.granted, in_office_since_);
    if (timeline_.now() < since + life.twice_ttl + life.twice_ttl / 40 + slack) continue;
    throw Violation(fmt::format("21: session {} lives although nobody has renewed it", id));
  }
}

}  // namespace conclave::sim
