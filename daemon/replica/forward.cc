/// Commands on their way to a leader elsewhere.

#include <utility>

#include "api/model/record.h"
#include "daemon/replica/raft_replica.h"

namespace conclave::daemon {
namespace {

/// May leave a job that takes many entries: it goes alone, so that nobody waits for it.
bool may_take_long(const Command& command) {
  if (const auto* op = std::get_if<KvOp>(&command.body)) return op->verb == KvVerb::remove_tree;
  if (const auto* node = std::get_if<Deregister>(&command.body)) {
    return node->service_id.empty() && node->check_id.empty();
  }
  return std::holds_alternative<ContinueJob>(command.body);
}

/// Nothing was carried out, and the next leader may do it.
bool may_be_offered_again(ErrorCode code) {
  return code == ErrorCode::no_leader || code == ErrorCode::io;
}

Error error_in(const ProposeAnswer& answer) {
  return {to_error_code(answer.refusal), answer.message};
}

Result<ProposeAnswers> read_answers(const Result<std::string>& reply, std::size_t expected) {
  if (!reply && reply.error().code != ErrorCode::corrupt) return std::unexpected(reply.error());
  if (reply) {
    Result<ProposeAnswers> answers = api::decode_record<ProposeAnswers>(*reply);
    if (answers && answers->answers.size() == expected) return answers;
  }
  // It was sent, and who answers so may have done anything.
  return fail(ErrorCode::unknown_outcome,
              "the leader's answer cannot be read; whether the write was made is not known");
}

}  // namespace

/// A leader that refused is asked again once a tick.
bool RaftReplica::leader_is_worth_asking() const {
  if (rpc_ == nullptr || host_ == nullptr || stopped_ || is_leader()) return false;
  return !leader_info_.leader_address.empty() && refused_in_tick_ != ticks_;
}

bool RaftReplica::may_forward() const {
  const std::size_t calls_max = refused_in_tick_ ? 1 : options_.forward_calls_max;
  // Calls to an earlier leader may take until their connections end.
  return leader_is_worth_asking() && proposals_.calls_since(first_call_to_leader_) < calls_max;
}

void RaftReplica::forward_queued() {
  while (may_forward() && !proposals_.queue_empty()) {
    std::vector<Proposal> batch = proposals_.take(
        options_.forward_bytes_max, [](const Proposal& first, const Proposal& next) {
          return !may_take_long(first.command) && !may_take_long(next.command);
        });
    ProposeCall call;
    for (const Proposal& proposal : batch) call.commands.push_back(proposal.encoded);
    cells_.forwarded.add(batch.size());
    cells_.forward_calls.add();
    const std::uint64_t number = ++last_call_;
    proposals_.with_leader(number, std::move(batch));
    main_.spawn("forward to the leader",
                carry(number, leader_info_.leader_address, api::encode_record(call)));
  }
}

Task<void> RaftReplica::carry(std::uint64_t call, std::string address, std::string body) {
  auto reply = co_await rpc_->call(std::move(address), api::RpcMethod::propose, std::move(body),
                                   options_.forward_timeout);
  carried(call, std::move(reply));
}

void RaftReplica::carried(std::uint64_t call, Result<std::string> reply) {
  std::vector<Proposal> batch = proposals_.answered(call);
  if (batch.empty()) return;  // stop() has answered everybody.
  const auto answers = read_answers(reply, batch.size());
  std::vector<Proposal> again;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (answers && answers->answers[i].outcome) {
      finish(std::move(batch[i]), *answers->answers[i].outcome);
      continue;
    }
    const Error error = answers ? error_in(answers->answers[i]) : answers.error();
    if (auto proposal = settle(std::move(batch[i]), error)) again.push_back(std::move(*proposal));
  }
  if (again.empty()) refused_in_tick_.reset();
  if (!again.empty() && call >= first_call_to_leader_) refused_in_tick_ = ticks_;
  proposals_.put_back(std::move(again));
  answers_.deliver();
  flush_at_end_of_turn();
}

/// What has no outcome: given back if it is to be offered to the next leader, else answered and
/// forgotten.
std::optional<Proposal> RaftReplica::settle(Proposal proposal, Error error) {
  const bool unknown = error.code == ErrorCode::unknown_outcome;
  const bool undone = may_be_offered_again(error.code);
  if (unknown || undone) cells_.forward_failed.add();
  if (undone) return proposal;
  if (unknown && !proposal.command.request_id.empty()) {
    if (!proposal.may_be_made) {
      proposal.deadline = clock_.boot_now() + options_.rpc_hold_timeout;
    }
    proposal.may_be_made = true;
    return proposal;
  }
  proposals_.forget(proposal);
  refuse(std::move(proposal), std::move(error));
  return std::nullopt;
}

}  // namespace conclave::daemon
