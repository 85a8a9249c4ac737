/// The leader's side of what other servers ask: commands to propose, and how far they must have
/// applied before they may answer their reads.

#include <boost/asio/async_result.hpp>
#include <boost/asio/this_coro.hpp>
#include <utility>

#include "api/model/record.h"
#include "base/core/assert.h"
#include "daemon/replica/raft_replica.h"

namespace conclave::daemon {
namespace {

Error not_leading() { return {ErrorCode::no_leader, "this server does not lead"}; }

/// Results that a transaction read are what may be large.
std::size_t size_of(const Outcome& outcome) {
  std::size_t size = outcome.error.size();
  for (const api::KvEntry& entry : outcome.results) {
    size += entry.key.size() + entry.value.data.size();
  }
  return size;
}

}  // namespace

/// The proposals of one call. Lives until the last of them is answered, on main.
class RaftReplica::PeerProposals {
 public:
  PeerProposals(RaftReplica& replica, std::size_t count, Caller<ProposeAnswers> caller)
      : replica_(replica), open_(count), caller_(std::move(caller)) {
    answers_.answers.resize(count);
  }

  void answer(std::size_t number, Result<Outcome> result) {
    ProposeAnswer& answer = answers_.answers[number];
    if (result) {
      bytes_ += size_of(*result);
      if (bytes_ <= replica_.options_.answer_bytes_max) {
        answer.outcome = std::move(*result);
      } else {
        answer.refusal = Refusal::too_large;
        answer.message =
            "the transaction was carried out, but its results are too large to be passed on";
      }
    } else {
      answer.refusal = to_refusal(result.error().code);
      answer.message = std::move(result).error().message;
    }
    CONCLAVE_ASSERT(open_ > 0);
    if (--open_ > 0) return;
    replica_.answers_.add(std::move(caller_), Result<ProposeAnswers>(std::move(answers_)));
    replica_.deliver_at_end_of_turn();
  }

 private:
  RaftReplica& replica_;
  ProposeAnswers answers_;
  std::size_t open_;
  std::size_t bytes_ = 0;
  Caller<ProposeAnswers> caller_;
};

void RaftReplica::connect(api::Rpc& rpc, api::RpcHandlers& handlers) {
  rpc_ = &rpc;
  handlers.add(api::RpcMethod::propose, [this](const api::RpcPeer&, std::string body) {
    return answer_propose(std::move(body));
  });
  handlers.add(api::RpcMethod::read_index, [this](const api::RpcPeer&, std::string body) {
    return answer_read_index(std::move(body));
  });
}

/// Also before its no-op is applied: then what comes is queued until that is.
bool RaftReplica::is_leader() const {
  return host_ != nullptr && host_->node().role() == raft::Role::leader;
}

Task<Result<std::string>> RaftReplica::answer_propose(std::string body) {
  Result<ProposeCall> call = api::decode_record<ProposeCall>(body);
  if (!call || call->commands.empty()) {
    co_return fail(ErrorCode::bad_request, "these are no commands to propose");
  }
  if (!is_leader() || stopped_) co_return std::unexpected(not_leading());
  const Executor executor = co_await boost::asio::this_coro::executor;
  auto initiate = [this, executor](auto resume, ProposeCall asked) {
    accept_from_peer(std::move(asked), {executor, std::move(resume)});
  };
  auto waiting = boost::asio::async_initiate<const boost::asio::use_awaitable_t<Executor>,
                                             void(Result<ProposeAnswers>)>(
      std::move(initiate), boost::asio::use_awaitable_t<Executor>{}, std::move(*call));
  const Result<ProposeAnswers> answers = co_await std::move(waiting);
  if (!answers) co_return std::unexpected(answers.error());
  co_return api::encode_record(*answers);
}

void RaftReplica::accept_from_peer(ProposeCall call, Caller<ProposeAnswers> caller) {
  const Executor executor = caller.executor;
  const std::size_t count = call.commands.size();
  auto all = std::make_shared<PeerProposals>(*this, count, std::move(caller));
  for (std::size_t i = 0; i < count; ++i) {
    Proposal proposal;
    proposal.encoded = std::move(call.commands[i]);
    proposal.from_peer = true;
    proposal.caller.emplace(
        executor, [all, i](Result<Outcome> result) { all->answer(i, std::move(result)); });
    Result<Command> command = api::decode_record<Command>(proposal.encoded);
    if (command) {
      proposal.command = std::move(*command);
      accept(std::move(proposal));
    } else {
      refuse(
          std::move(proposal),
          {ErrorCode::failed, "the leader cannot read this command: it runs an earlier version"});
    }
  }
}

Task<Result<std::string>> RaftReplica::answer_read_index(std::string body) {
  const Result<ReadIndexCall> call = api::decode_record<ReadIndexCall>(body);
  if (!call) co_return fail(ErrorCode::bad_request, "this does not ask for a read index");
  if (!is_leader() || stopped_) co_return std::unexpected(not_leading());
  ReadPermit permit;
  // Followers are told of no commit that is not applied here, so nobody has seen more than this.
  if (!call->consistent && read_permit_now(Consistency::standard, permit)) {
    host_->share_commit();  // Who asks waits for it.
    co_return api::encode_record(ReadIndexAnswer{host_->node().applied_index().value});
  }
  const Executor executor = co_await boost::asio::this_coro::executor;
  auto initiate = [this, executor](auto resume) { find_read_index({executor, std::move(resume)}); };
  auto waiting = boost::asio::async_initiate<const boost::asio::use_awaitable_t<Executor>,
                                             void(Result<raft::Index>)>(
      std::move(initiate), boost::asio::use_awaitable_t<Executor>{});
  const Result<raft::Index> index = co_await std::move(waiting);
  if (!index) co_return std::unexpected(index.error());
  co_return api::encode_record(ReadIndexAnswer{index->value});
}

/// By a round that begins now.
void RaftReplica::find_read_index(Caller<raft::Index> caller) {
  auto held = std::make_shared<Caller<raft::Index>>(std::move(caller));
  host_->request_read([this, held](Result<raft::Index> index) {
    host_->share_commit();
    answers_.add(std::move(*held), std::move(index));
    deliver_at_end_of_turn();
  });
}

}  // namespace conclave::daemon
