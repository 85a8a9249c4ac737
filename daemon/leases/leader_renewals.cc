#include "daemon/leases/leader_renewals.h"

#include <utility>

#include "api/model/record.h"

namespace conclave::daemon {
namespace {

/// In one call.
constexpr std::size_t sessions_max = 4096;
/// Waiting for an answer of a leader; beyond it too_many.
constexpr std::size_t waiting_max = 32768;

Result<RenewAnswers> read_answers(const Result<std::string>& reply, std::size_t expected) {
  if (!reply) return std::unexpected(reply.error());
  Result<RenewAnswers> answers = api::decode_record<RenewAnswers>(*reply);
  if (answers && answers->answers.size() == expected) return answers;
  return fail(ErrorCode::failed, "the leader's answer about sessions cannot be read");
}

}  // namespace

LeaderRenewals::LeaderRenewals(Loop& main, Metrics& metrics)
    : main_(main),
      calls_(metrics.counter("conclave.leases.renew_calls",
                             "Calls that passed session renewals on to the leader")),
      sessions_(metrics.counter("conclave.leases.forwarded",
                                "Session renewals passed on to the leader")) {}

Task<Result<bool>> LeaderRenewals::renew(std::string address, std::string session_id,
                                         Nanos timeout) {
  if (waiting_ >= waiting_max) {
    co_return fail(ErrorCode::too_many, "too many renewals wait for the leader; try again");
  }
  ++waiting_;
  const auto batch = join(address, session_id, timeout);
  const std::size_t place = batch->call.sessions.size() - 1;
  while (!batch->answers) co_await batch->arrived.wait_for(timeout);
  --waiting_;
  if (!*batch->answers) co_return std::unexpected(batch->answers->error());
  const Renewed renewed = (*batch->answers)->answers[place].renewed;
  if (renewed != Renewed::expiring) co_return renewed == Renewed::yes;
  // Nobody else is to wait for what becomes of it.
  RenewCall alone;
  alone.sessions.push_back(std::move(session_id));
  alone.hold = true;
  const auto answers = co_await call(std::move(address), std::move(alone), timeout);
  if (!answers) co_return std::unexpected(answers.error());
  co_return answers->answers[0].renewed == Renewed::yes;
}

std::shared_ptr<LeaderRenewals::Batch> LeaderRenewals::join(const std::string& address,
                                                            std::string session_id, Nanos timeout) {
  const bool joins =
      forming_ && forming_->address == address && forming_->call.sessions.size() < sessions_max;
  if (!joins) {
    forming_ = std::make_shared<Batch>(main_, address);
    main_.at_end_of_turn([this, batch = forming_, timeout] {
      if (forming_ == batch) forming_.reset();
      main_.spawn("session renewals", send(batch, timeout));
    });
  }
  forming_->call.sessions.push_back(std::move(session_id));
  return forming_;
}

Task<void> LeaderRenewals::send(std::shared_ptr<Batch> batch, Nanos timeout) {
  batch->answers = co_await call(batch->address, batch->call, timeout);
  batch->arrived.notify_all();
}

Task<Result<RenewAnswers>> LeaderRenewals::call(std::string address, RenewCall call,
                                                Nanos timeout) {
  calls_.add();
  sessions_.add(call.sessions.size());
  const auto reply = co_await rpc_->call(std::move(address), api::RpcMethod::renew_session,
                                         api::encode_record(call), timeout);
  co_return read_answers(reply, call.sessions.size());
}

}  // namespace conclave::daemon
