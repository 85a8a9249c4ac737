#include "daemon/state/reap.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/core/bytes.h"
#include "daemon/state/step.h"
#include "daemon/tables/key.h"
#include "daemon/tables/kv.h"
#include "daemon/tables/row.h"

namespace conclave::daemon {
namespace {

/// Each takes two rows away.
constexpr std::size_t reaped_max = 1024;

struct Due {
  std::uint64_t number;  ///< A revision, or the end of a delay.
  std::string key;
};

/// The first rows of a table whose keys are a number and a KV key, up to and including number
/// `through`.
std::vector<Due> due_rows(const ReadRows& rows, Table table, std::uint64_t through) {
  std::vector<Due> due;
  rows.scan_prefix(table_key(table), [&](std::string_view row_key, std::string_view row) {
    const std::uint64_t number = load_u64_be(row_key.data() + 1);
    if (number > through || due.size() == reaped_max) return false;
    due.push_back({number, decode_row<KeyRow>(row).key});
    return true;
  });
  return due;
}

}  // namespace

Outcome apply_reap_tombstones(const ReapTombstones& command, const ApplyTime& time, Rows& rows,
                              ChangeSet& changes) {
  Step step(rows, time);
  const auto due = due_rows(step.rows(), Table::tombstone_revisions, command.through);
  for (const Due& stone : due) {
    step.erase(tombstone_revision_key(stone.number, stone.key));
    step.erase(tombstone_key(stone.key));
    step.meta().index_floor = std::max(step.meta().index_floor, stone.number);
  }
  return step.finish(Outcome{.done = due.size() < reaped_max}, changes);
}

Outcome apply_reap_lock_delays(const ApplyTime& time, Rows& rows, ChangeSet& changes) {
  Step step(rows, time);
  const auto due = due_rows(step.rows(), Table::lock_delay_ends, time.cluster_time_ms);
  for (const Due& delay : due) {
    step.erase(lock_delay_end_key(delay.number, delay.key));
    step.erase(lock_delay_key(delay.key));
  }
  return step.finish(Outcome{.done = due.size() < reaped_max}, changes);
}

}  // namespace conclave::daemon
