#include "daemon/state/kv.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/core/assert.h"
#include "daemon/state/removal.h"
#include "daemon/tables/row.h"
#include "daemon/tables/sessions.h"

namespace conclave::daemon {
namespace {

/// Writes an entry whose texts may be borrowed from the row that it replaces.
void put_entry(Step& step, const KvView& entry) {
  std::string name(entry.key);
  const std::string row = api::encode_record(entry);
  step.put_object(TopicKind::key, name, kv_key(name), row);
  step.meta().kv_index = step.revision();
  step.touch(TopicKind::key, std::move(name));
}

void move_lock(Step& step, const std::string& key, std::string_view from, std::string_view to) {
  if (from == to) return;
  if (!from.empty()) step.erase(kv_by_session_key(from, key));
  if (!to.empty()) step.put_record(kv_by_session_key(to, key), KeyRow{key});
}

/// Value and flags of `op`, held by `session` from now on; the same as before changes nothing.
void store(Step& step, const KvOp& op, const std::optional<KvView>& old, std::string_view session) {
  KvView entry = old.value_or(KvView{.key = op.key, .create_index = step.revision()});
  const std::string holder_before(entry.session);
  if (!session.empty() && session != entry.session) {
    ++entry.lock_index;
    entry.fence = step.revision();
  }
  entry.value = op.value.data;
  entry.flags = op.flags;
  entry.session = session;
  if (old && entry == *old) return;
  entry.modify_index = step.revision();
  const std::string holder(session);  // may be borrowed from the row that is replaced
  put_entry(step, entry);
  move_lock(step, op.key, holder_before, holder);
}

KvRefusal lock(Step& step, const KvOp& op, const std::optional<KvView>& old) {
  if (op.session.empty()) return KvRefusal::no_session;
  if (!step.rows().get(session_key(op.session))) return KvRefusal::unknown_session;
  if (old && !old->session.empty() && old->session != op.session) return KvRefusal::held;
  if (!old || old->session.empty()) {
    const auto delay = read_row<LockDelay>(step.rows(), lock_delay_key(op.key));
    if (delay && delay->until_ms > step.now_ms()) return KvRefusal::delayed;
  }
  store(step, op, old, op.session);
  return KvRefusal::none;
}

KvRefusal unlock(Step& step, const KvOp& op, const std::optional<KvView>& old) {
  if (op.session.empty()) return KvRefusal::no_session;
  if (!old || old->session != op.session) return KvRefusal::not_holder;
  store(step, op, old, "");
  return KvRefusal::none;
}

KvRefusal cas(Step& step, const KvOp& op, const std::optional<KvView>& old) {
  if (op.index != (old ? old->modify_index : 0)) return KvRefusal::stale;
  store(step, op, old, old ? old->session : "");
  return KvRefusal::none;
}

KvRefusal remove(Step& step, const KvOp& op, const std::optional<KvView>& old) {
  if (!old) return KvRefusal::none;
  if (op.verb == KvVerb::remove_cas && op.index != old->modify_index) return KvRefusal::stale;
  erase_entry(step, op.key, std::string(old->session));
  return KvRefusal::none;
}

}  // namespace

KvRefusal write_kv(Step& step, const KvOp& op) {
  if (op.verb == KvVerb::remove_tree) {
    step.pending().push_back(
        {.kind = RemovalKind::key_tree, .name = op.key, .begun = step.revision()});
    return KvRefusal::none;
  }
  if (op.key.empty()) return KvRefusal::no_key;
  if (op.key.size() > kv_key_bytes_max) return KvRefusal::key_too_long;
  const std::optional<KvView> old = find_kv(step.rows(), op.key);
  switch (op.verb) {
    case KvVerb::set:
      store(step, op, old, old ? old->session : "");
      return KvRefusal::none;
    case KvVerb::cas:
      return cas(step, op, old);
    case KvVerb::lock:
      return lock(step, op, old);
    case KvVerb::unlock:
      return unlock(step, op, old);
    case KvVerb::remove:
    case KvVerb::remove_cas:
      return remove(step, op, old);
    default:
      return KvRefusal::not_a_write;
  }
}

std::string refusal_error(const KvOp& op, KvRefusal refusal) {
  switch (refusal) {
    case KvRefusal::no_key:
      return "Must provide key";
    case KvRefusal::key_too_long:
      return "Key is too long (" + std::to_string(op.key.size()) + " > " +
             std::to_string(kv_key_bytes_max) + " bytes)";
    case KvRefusal::no_session:
      return "missing session";
    case KvRefusal::unknown_session:
      return "invalid session " + quoted(op.session);
    case KvRefusal::not_a_write:
      return "this verb needs a transaction";
    default:
      return {};
  }
}

std::string quoted(std::string_view text) {
  static constexpr char hex[] = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\r') {
      out += "\\r";
    } else if (byte < 0x20 || byte == 0x7f) {
      out += "\\x";
      out += hex[byte >> 4];
      out += hex[byte & 15];
    } else {
      out += c;
    }
  }
  return out + '"';
}

void erase_entry(Step& step, const std::string& key, const std::string& session) {
  move_lock(step, key, session, "");
  step.erase_object(TopicKind::key, key, kv_key(key));
  const std::string stone_key = tombstone_key(key);
  if (const auto before = read_row<Tombstone>(step.rows(), stone_key)) {
    step.erase(tombstone_revision_key(before->revision, key));
  }
  step.put_record(stone_key, Tombstone{.key = key, .revision = step.revision()});
  step.put_record(tombstone_revision_key(step.revision(), key), KeyRow{key});
  step.meta().kv_index = step.revision();
  step.removed_key();
  step.touch(TopicKind::key, key);
}

void release_entry(Step& step, const std::string& key) {
  const auto old = find_kv(step.rows(), key);
  CONCLAVE_ASSERT(old.has_value());
  const std::string holder(old->session);
  KvView entry = *old;
  entry.session = {};
  entry.modify_index = step.revision();
  put_entry(step, entry);
  move_lock(step, key, holder, "");
}

void arm_lock_delay(Step& step, const std::string& key, std::uint64_t until_ms) {
  const std::string delay_key = lock_delay_key(key);
  if (const auto before = read_row<LockDelay>(step.rows(), delay_key)) {
    if (before->until_ms >= until_ms) return;
    step.erase(lock_delay_end_key(before->until_ms, key));
  }
  step.put_record(delay_key, LockDelay{.key = key, .until_ms = until_ms});
  step.put_record(lock_delay_end_key(until_ms, key), KeyRow{key});
  step.armed_lock_delay();
}

Outcome apply_kv(const KvOp& op, const ApplyTime& time, Rows& rows, ChangeSet& changes) {
  Step step(rows, time);
  // Every check comes before the first write, so no overlay is needed.
  const KvRefusal refusal = write_kv(step, op);
  Outcome outcome;
  outcome.error = refusal_error(op, refusal);
  outcome.done = refusal == KvRefusal::none;
  run_removals(step);
  if (outcome.done && op.verb == KvVerb::lock) {
    const auto entry = find_kv(step.rows(), op.key);
    CONCLAVE_ASSERT(entry.has_value());
    outcome.fence = entry->fence;
  }
  return step.finish(std::move(outcome), changes);
}

}  // namespace conclave::daemon
