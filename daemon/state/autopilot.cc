#include "daemon/state/autopilot.h"

#include <utility>

#include "daemon/state/step.h"
#include "daemon/tables/autopilot.h"

namespace conclave::daemon {

Outcome apply_set_autopilot(const SetAutopilot& command, const ApplyTime& time, Rows& rows,
                            ChangeSet& changes) {
  Step step(rows, time);
  Outcome outcome;
  const auto before = read_autopilot(step.rows());
  outcome.done = !command.cas || command.index == (before ? before->modify_index : 0);
  if (!outcome.done) return step.finish(std::move(outcome), changes);
  api::AutopilotConfig config = command.config;
  config.create_index = before ? before->create_index : step.revision();
  config.modify_index = before ? before->modify_index : step.revision();
  if (!before || config != *before) {
    config.modify_index = step.revision();
    step.put_record(autopilot_key(), config);
    step.mark_changed();
  }
  return step.finish(std::move(outcome), changes);
}

}  // namespace conclave::daemon
