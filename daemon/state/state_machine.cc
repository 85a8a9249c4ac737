#include "daemon/state/state_machine.h"

#include <algorithm>
#include <utility>

#include "base/core/assert.h"
#include "daemon/state/autopilot.h"
#include "daemon/state/ca_root.h"
#include "daemon/state/catalog.h"
#include "daemon/state/coordinate.h"
#include "daemon/state/event.h"
#include "daemon/state/job.h"
#include "daemon/state/kv.h"
#include "daemon/state/member.h"
#include "daemon/state/prepared_query.h"
#include "daemon/state/reap.h"
#include "daemon/state/request.h"
#include "daemon/state/session.h"
#include "daemon/state/step.h"
#include "daemon/state/txn.h"
#include "daemon/tables/meta.h"
#include "daemon/tables/row.h"

namespace conclave::daemon {
namespace {

constexpr std::uint64_t first_revision = 1;
constexpr std::uint64_t first_feature_level = 1;

/// One overload for each kind of command.
struct Apply {
  const ApplyTime& time;
  Rows& rows;
  ChangeSet& changes;

  Outcome operator()(const KvOp& op) const { return apply_kv(op, time, rows, changes); }
  Outcome operator()(const Txn& txn) const { return apply_txn(txn, time, rows, changes); }
  Outcome operator()(const SessionCreate& c) const {
    return apply_session_create(c, time, rows, changes);
  }
  Outcome operator()(const SessionEnd& c) const {
    return apply_session_end(c, time, rows, changes);
  }
  Outcome operator()(const Register& c) const { return apply_register(c, time, rows, changes); }
  Outcome operator()(const Deregister& c) const { return apply_deregister(c, time, rows, changes); }
  Outcome operator()(const MemberUpdate& c) const {
    return apply_member_update(c, time, rows, changes);
  }
  Outcome operator()(const ReapTombstones& c) const {
    return apply_reap_tombstones(c, time, rows, changes);
  }
  Outcome operator()(const ContinueJob& c) const {
    return apply_continue_job(c, time, rows, changes);
  }
  Outcome operator()(const ReapLockDelays&) const {
    return apply_reap_lock_delays(time, rows, changes);
  }
  Outcome operator()(const SetAutopilot& c) const {
    return apply_set_autopilot(c, time, rows, changes);
  }
  Outcome operator()(const FireEvent& c) const { return apply_fire_event(c, time, rows, changes); }
  Outcome operator()(const SetCaRoot& c) const { return apply_set_ca_root(c, time, rows, changes); }
  Outcome operator()(const WriteQuery& c) const {
    return apply_write_query(c, time, rows, changes);
  }
  Outcome operator()(const UpdateCoordinates& c) const {
    return apply_update_coordinates(c, time, rows, changes);
  }
  Outcome operator()(const SetFeatureLevel& c) const {
    Step step(rows, time);
    if (c.level > step.meta().feature_level) {
      step.meta().feature_level = c.level;
      step.mark_changed();
    }
    return step.finish(Outcome{.done = true}, changes);
  }
  Outcome operator()(const Restore&) const {
    CONCLAVE_ASSERT_WHY(false, "whoever applies entries carries out a restore");
    return {};
  }
};

}  // namespace

void initialise_state(Rows& rows) {
  if (rows.get(meta_key())) return;
  const Meta meta{.revision = first_revision, .feature_level = first_feature_level};
  rows.put(meta_key(), api::encode_record(meta));
}

void record_time(const ApplyTime& time, Rows& rows) {
  const std::uint64_t now_ms = std::max(time.cluster_time_ms, stored_cluster_time_ms(rows));
  rows.put(time_key(), api::encode_record(TimeRow{now_ms}));
}

std::uint64_t stored_cluster_time_ms(const ReadRows& rows) {
  return read_row<TimeRow>(rows, time_key()).value_or(TimeRow{}).cluster_time_ms;
}

std::uint64_t feature_level(const ReadRows& rows) { return read_meta(rows).feature_level; }

std::uint64_t stored_revision(const ReadRows& rows) { return read_meta(rows).revision; }

Outcome apply(const Command& command, const ApplyTime& time, Rows& rows, ChangeSet& changes) {
  if (command.request_id.empty()) return visit_body(Apply{time, rows, changes}, command.body);
  if (auto kept = kept_outcome(rows, command.request_id)) return *std::move(kept);
  const Outcome outcome = visit_body(Apply{time, rows, changes}, command.body);
  keep_outcome(rows, command.request_id, outcome, time);
  return outcome;
}

}  // namespace conclave::daemon
