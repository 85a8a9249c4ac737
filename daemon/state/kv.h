#pragma once

/// KV operations and locks (contract sections 3, 4 and 5.4).
///
/// Where the contract leaves a choice: a plain set or cas of a locked key keeps Session and also
/// LockIndex. A key's fence is the revision of its last acquisition; it outlives the release, so
/// that it only rises.

#include <cstdint>
#include <string>
#include <string_view>

#include "daemon/command/command.h"
#include "daemon/state/step.h"
#include "daemon/tables/kv.h"

namespace conclave::daemon {

/// Why an operation did not do what it was asked.
enum class KvRefusal : std::uint8_t {
  none,
  // The request is wrong.
  no_key,
  key_too_long,
  no_session,       ///< lock or unlock without one.
  unknown_session,  ///< lock with one that does not live.
  not_a_write,      ///< A reading verb outside of a transaction.
  // The condition does not hold.
  stale,
  held,
  delayed,
  not_holder,
  too_many_keys,  ///< A tree too large for a transaction.
};

/// One operation as a command of its own.
Outcome apply_kv(const KvOp& op, const ApplyTime& time, Rows& rows, ChangeSet& changes);

/// Does one writing verb within a command. A tree that is to be removed is left in step.pending().
KvRefusal write_kv(Step& step, const KvOp& op);

/// The sentence for a refusal that is the request's own fault; "" for a condition that did not
/// hold.
std::string refusal_error(const KvOp& op, KvRefusal refusal);

/// Text in Go's %q: in double quotes, with escapes where needed.
std::string quoted(std::string_view text);

/// Deletes an entry: row, tombstone, lock.
void erase_entry(Step& step, const std::string& key, const std::string& session);
/// Clears the holder of an entry; the session has ended.
void release_entry(Step& step, const std::string& key);
/// No acquisition of the key before `until_ms` of cluster time.
void arm_lock_delay(Step& step, const std::string& key, std::uint64_t until_ms);

}  // namespace conclave::daemon
