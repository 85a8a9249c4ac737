#include "daemon/state/ca_root.h"

#include "daemon/state/step.h"
#include "daemon/tables/ca_root.h"

namespace conclave::daemon {

Outcome apply_set_ca_root(const SetCaRoot& command, const ApplyTime& time, Rows& rows,
                          ChangeSet& changes) {
  Step step(rows, time);
  if (read_ca_root(step.rows())) return step.finish(Outcome{.done = false}, changes);
  api::CaRoot root = command.root;
  root.create_index = root.modify_index = step.revision();
  step.put_record(ca_root_key(), root);
  return step.finish(Outcome{.done = true}, changes);
}

}  // namespace conclave::daemon
