#include "tests/sim/model.h"

#include <algorithm>
#include <chrono>

#include "base/core/assert.h"

namespace conclave::sim {

using daemon::KvOp;
using daemon::KvVerb;

Verdict Model::apply(const daemon::Command& command, std::uint64_t cluster_ms) {
  if (const auto known = answered_.find(command.request_id); known != answered_.end()) {
    Verdict again = known->second;
    again.repeated = true;
    return again;
  }
  now_ms_ = cluster_ms;
  changed_ = false;
  touched_.clear();
  const Result result = carry_out(command.body);
  if (changed_) ++revision_;
  Verdict verdict{result == Result::done, result == Result::refused, revision_};
  const auto* op = std::get_if<KvOp>(&command.body);
  if (op != nullptr && op->verb == KvVerb::lock && verdict.done) {
    verdict.fence = keys_.at(op->key).fence;
  }
  if (!command.request_id.empty()) answered_[command.request_id] = verdict;
  return verdict;
}

Model::Result Model::carry_out(const daemon::CommandBody& body) {
  if (const auto* op = std::get_if<KvOp>(&body)) return carry_out(*op);
  if (const auto* txn = std::get_if<daemon::Txn>(&body)) return carry_out(*txn);
  if (const auto* create = daemon::body_as<daemon::SessionCreate>(body)) return carry_out(*create);
  if (const auto* end = std::get_if<daemon::SessionEnd>(&body)) return carry_out(*end);
  const auto* node = daemon::body_as<daemon::Register>(body);
  CONCLAVE_ASSERT_WHY(node != nullptr, "the clients send nothing else");
  changed_ = nodes_.insert(node->node.node).second;
  return Result::done;
}

void Model::store(const KvOp& op, ModelEntry* entry, const std::string& session) {
  if (entry != nullptr && entry->value == op.value.data && entry->flags == op.flags &&
      entry->session == session) {
    return;
  }
  changed_ = true;
  kv_index_ = revision_ + 1;
  touched_.insert(op.key);
  if (entry == nullptr) {
    entry = &keys_[op.key];
    entry->create_index = revision_ + 1;
  }
  if (!session.empty() && session != entry->session) {
    ++entry->lock_index;
    entry->fence = revision_ + 1;
  }
  entry->value = op.value.data;
  entry->flags = op.flags;
  entry->session = session;
  entry->modify_index = revision_ + 1;
}

void Model::remove(const std::string& key) {
  keys_.erase(key);
  touched_.insert(key);
  changed_ = true;
  kv_index_ = revision_ + 1;
}

Model::Result Model::lock(const KvOp& op, ModelEntry* entry) {
  if (!sessions_.contains(op.session)) return Result::refused;
  const bool held = entry != nullptr && !entry->session.empty();
  if (held && entry->session != op.session) return Result::undone;
  const auto delay = delayed_until_ms_.find(op.key);
  if (!held && delay != delayed_until_ms_.end() && delay->second > now_ms_) return Result::undone;
  store(op, entry, op.session);
  return Result::done;
}

Model::Result Model::carry_out(const KvOp& op) {
  const auto found = keys_.find(op.key);
  ModelEntry* entry = found == keys_.end() ? nullptr : &found->second;
  const std::uint64_t index = entry == nullptr ? 0 : entry->modify_index;
  const std::string holder = entry == nullptr ? "" : entry->session;
  switch (op.verb) {
    case KvVerb::set:
      store(op, entry, holder);
      return Result::done;
    case KvVerb::cas:
      if (op.index != index) return Result::undone;
      store(op, entry, holder);
      return Result::done;
    case KvVerb::lock:
      return lock(op, entry);
    case KvVerb::unlock:
      if (entry == nullptr || holder != op.session) return Result::undone;
      store(op, entry, "");
      return Result::done;
    case KvVerb::remove_cas:
      if (entry != nullptr && op.index != index) return Result::undone;
      [[fallthrough]];
    case KvVerb::remove:
      if (entry != nullptr) remove(op.key);
      return Result::done;
    case KvVerb::remove_tree: {
      std::vector<std::string> below;
      for (auto at = keys_.lower_bound(op.key); at != keys_.end(); ++at) {
        if (!at->first.starts_with(op.key)) break;
        below.push_back(at->first);
      }
      for (const std::string& key : below) remove(key);
      return Result::done;
    }
    case KvVerb::check_index:
      return entry != nullptr && index == op.index ? Result::done : Result::undone;
    case KvVerb::check_not_exists:
      return entry == nullptr ? Result::done : Result::undone;
    case KvVerb::get:
      return entry != nullptr ? Result::done : Result::undone;
    default:
      CONCLAVE_ASSERT_WHY(false, "the clients use no other verb");
  }
  return Result::refused;
}

/// All or nothing, every operation seeing what those before it did.
Model::Result Model::carry_out(const daemon::Txn& txn) {
  const auto keys = keys_;
  const std::uint64_t kv_index = kv_index_;
  bool all = true;
  for (const KvOp& op : txn.ops) all = carry_out(op) == Result::done && all;
  if (all) return Result::done;
  keys_ = keys;
  kv_index_ = kv_index;
  changed_ = false;
  touched_.clear();
  return Result::undone;
}

Model::Result Model::carry_out(const daemon::SessionCreate& create) {
  const api::Session& session = create.session;
  if (sessions_.contains(session.id) || !nodes_.contains(session.node)) return Result::refused;
  const auto delay = std::chrono::duration_cast<std::chrono::milliseconds>(session.lock_delay);
  sessions_[session.id] = {session.ttl, static_cast<std::uint64_t>(delay.count()),
                           session.behavior == "delete"};
  changed_ = true;
  return Result::done;
}

Model::Result Model::carry_out(const daemon::SessionEnd& end) {
  const auto session = sessions_.extract(end.id);
  if (session.empty()) return Result::done;
  changed_ = true;
  std::vector<std::string> held;
  for (const auto& [key, entry] : keys_) {
    if (entry.session == end.id) held.push_back(key);
  }
  for (const std::string& key : held) {
    if (session.mapped().deletes) {
      remove(key);
    } else {
      ModelEntry& entry = keys_.at(key);
      entry.session.clear();
      entry.modify_index = revision_ + 1;
      kv_index_ = revision_ + 1;
      touched_.insert(key);
    }
    if (const std::uint64_t delay = session.mapped().lock_delay_ms; delay != 0) {
      std::uint64_t& until = delayed_until_ms_[key];
      until = std::max(until, now_ms_ + delay);
    }
  }
  return Result::done;
}

}  // namespace conclave::sim
