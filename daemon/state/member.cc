#include "daemon/state/member.h"

#include <optional>
#include <utility>

#include "daemon/state/step.h"
#include "daemon/tables/members.h"

namespace conclave::daemon {
namespace {

void touch_members(Step& step) {
  step.meta().members_index = step.revision();
  step.touch(TopicKind::members);
}

void put_member(Step& step, const api::Member& wanted, const std::optional<api::Member>& before) {
  api::Member member = wanted;
  member.since = before ? before->since : step.revision();
  member.since_time_ms = before ? before->since_time_ms : step.now_ms();
  member.modify_index = before ? before->modify_index : step.revision();
  if (before && member == *before) return;
  member.modify_index = step.revision();
  if (before && before->status != member.status) {
    member.since = step.revision();
    member.since_time_ms = step.now_ms();
  }
  step.put_object(TopicKind::members, member.name, member_key(member.name),
                  api::encode_record(member));
  touch_members(step);
}

}  // namespace

Outcome apply_member_update(const MemberUpdate& command, const ApplyTime& time, Rows& rows,
                            ChangeSet& changes) {
  Step step(rows, time);
  Outcome outcome;
  const std::string& name = command.member.name;
  const auto before = find_member(step.rows(), name);
  if (name.empty()) {
    outcome.error = "Must provide member name";
    return step.finish(std::move(outcome), changes);
  }
  if (!command.remove) {
    put_member(step, command.member, before);
  } else if (before) {
    step.erase_object(TopicKind::members, before->name, member_key(name));
    touch_members(step);
  }
  outcome.done = true;
  return step.finish(std::move(outcome), changes);
}

}  // namespace conclave::daemon
