#include "daemon/state/job.h"

#include <utility>

#include "daemon/state/removal.h"
#include "daemon/state/step.h"
#include "daemon/tables/key.h"
#include "daemon/tables/row.h"

namespace conclave::daemon {

Outcome apply_continue_job(const ContinueJob& command, const ApplyTime& time, Rows& rows,
                           ChangeSet& changes) {
  Step step(rows, time);
  const std::string key = job_key(command.job);
  auto job = read_row<JobRow>(step.rows(), key);
  Outcome outcome{.done = true};
  if (!job) return step.finish(std::move(outcome), changes);

  step.pending() = std::move(job->removals);
  run_removals(step);
  if (step.pending().empty()) {
    step.erase(key);
  } else {
    // Under its own id, which the client's proposer knows.
    job->removals = std::exchange(step.pending(), {});
    step.put_record(key, *job);
    outcome.job = job->id;
  }
  return step.finish(std::move(outcome), changes);
}

std::vector<std::uint64_t> open_jobs(const ReadRows& rows) {
  std::vector<std::uint64_t> ids;
  visit_rows<JobRow>(rows, table_key(Table::jobs), [&](const JobRow& job) {
    ids.push_back(job.id);
    return true;
  });
  return ids;
}

}  // namespace conclave::daemon
