#include "daemon/members/lease_passing.h"

#include <utility>

#include "api/model/record.h"
#include "api/rpc/lasting_calls.h"
#include "daemon/members/records.h"
#include "daemon/tables/members.h"

namespace conclave::daemon {
namespace {

constexpr Nanos pass_period = std::chrono::seconds(1);
constexpr Nanos pass_timeout = std::chrono::seconds(2);
/// For so long agents stay with a server that does not reach the leader: elections are shorter.
constexpr Nanos cut_off_after = std::chrono::seconds(4);
/// Counting the members takes a walk over their table.
constexpr Nanos count_period = std::chrono::seconds(10);

}  // namespace

Task<Result<std::string>> LeasePassing::on_renew(std::string body) {
  auto renewal = api::decode_record<LeaseRenewal>(body);
  if (!renewal) co_return std::unexpected(renewal.error());
  const Nanos now = parts_.clock.boot_now();
  if (parts_.raft.is_leader()) {
    leases_.renew(renewal->id, now);
  } else {
    if (waiting_.size() >= waiting_max) {
      co_return fail(ErrorCode::too_many, "too many agents wait for the leader to hear of them");
    }
    waiting_.insert(renewal->id);
  }
  const ReadSnapshot snapshot = parts_.reader.open();
  const auto member = find_member(snapshot.rows(), renewal->name);
  LeaseReply reply;
  using Status = api::MemberStatus;
  const auto status = member ? static_cast<Status>(member->status) : Status::none;
  reply.listed = member && member->id == renewal->id && status != Status::left;
  reply.passed_on = !is_cut_off(now);
  if (members_ == 0 || now - counted_at_ >= count_period) {
    members_ = count_members(snapshot.rows());
    counted_at_ = now;
  }
  reply.members = members_;
  // One that comes back is not kept waiting.
  if (status != Status::alive) next_pass_ = Nanos{};
  co_return api::encode_record(reply);
}

Task<Result<std::string>> LeasePassing::on_pass(std::string body) {
  auto pass = api::decode_record<LeasePass>(body);
  if (!pass) co_return std::unexpected(pass.error());
  if (!parts_.raft.is_leader()) co_return fail(ErrorCode::no_leader, "No cluster leader");
  const Nanos now = parts_.clock.boot_now();
  for (const std::string& id : pass->ids) leases_.renew(id, now);
  co_return std::string();
}

bool LeasePassing::is_cut_off(Nanos now) const {
  return failing_since_ != Nanos{} && now - failing_since_ > cut_off_after;
}

void LeasePassing::tick() {
  const Nanos now = parts_.clock.boot_now();
  if (passing_ || now < next_pass_) return;
  if (parts_.raft.is_leader()) {
    for (const std::string& id : std::exchange(waiting_, {})) leases_.renew(id, now);
    failing_since_ = Nanos{};
    return;
  }
  if (waiting_.empty()) return;
  next_pass_ = now + pass_period;
  parts_.main.spawn("lease passing", pass());
}

Task<void> LeasePassing::pass() {
  passing_ = true;
  // What does not arrive is not kept: whoever lives renews again, and the others have died since.
  LeasePass batch;
  for (const std::string& id : std::exchange(waiting_, {})) batch.ids.push_back(id);
  const std::string leader = parts_.replica.leader().leader_address;
  Result<std::string> done = fail(ErrorCode::no_leader, "No cluster leader");
  if (!leader.empty()) {
    done =
        co_await parts_.rpc.call(leader, api::pass_leases, api::encode_record(batch), pass_timeout);
  }
  passing_ = false;
  if (done) {
    failing_since_ = Nanos{};
  } else if (failing_since_ == Nanos{}) {
    failing_since_ = parts_.clock.boot_now();
  }
}

}  // namespace conclave::daemon
