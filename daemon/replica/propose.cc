#include <fmt/format.h>

#include <boost/asio/async_result.hpp>
#include <boost/asio/this_coro.hpp>

#include "api/model/record.h"
#include "base/core/assert.h"
#include "daemon/replica/raft_replica.h"
#include "daemon/state/job.h"

namespace conclave::daemon {
namespace {

/// What an entry has around one command of the largest size.
constexpr std::size_t entry_overhead_bytes = 64;

}  // namespace

Task<Result<Outcome>> RaftReplica::propose(Command command) {
  Proposal proposal;
  proposal.encoded = api::encode_record(command);
  if (proposal.encoded.size() > command_bytes_max - entry_overhead_bytes) {
    co_return fail(ErrorCode::too_large,
                   fmt::format("a command of {} bytes exceeds the limit of {}",
                               proposal.encoded.size(), command_bytes_max));
  }
  proposal.command = std::move(command);
  const Executor executor = co_await boost::asio::this_coro::executor;
  auto initiate = [this, executor](auto resume, Proposal begun) {
    begun.caller.emplace(executor, std::move(resume));
    if (main_.is_here()) return accept(std::move(begun));
    main_.post([this, handed = std::make_shared<Proposal>(std::move(begun))] {
      accept(std::move(*handed));
    });
  };
  auto answer = boost::asio::async_initiate<const boost::asio::use_awaitable_t<Executor>,
                                            void(Result<Outcome>)>(
      std::move(initiate), boost::asio::use_awaitable_t<Executor>{}, std::move(proposal));
  co_return co_await std::move(answer);
}

/// Limits first: what is not taken in has certainly not happened.
void RaftReplica::accept(Proposal proposal) {
  if (stopped_) {
    refuse(std::move(proposal), {ErrorCode::unavailable, "the server is shutting down"});
  } else if (const Result<void> admitted = growth_.admit(proposal.command, proposal.encoded.size());
             !admitted) {
    cells_.refused_growth.add();
    refuse(std::move(proposal), admitted.error());
  } else if (proposals_.count() >= options_.proposals_max ||
             proposals_.bytes() + proposal.encoded.size() > options_.proposal_bytes_max) {
    cells_.refused_full.add();
    refuse(std::move(proposal),
           {ErrorCode::too_many, fmt::format("{} writes of {} bytes are waiting already; try again",
                                             proposals_.count(), proposals_.bytes())});
  } else {
    enqueue(std::move(proposal));
  }
}

void RaftReplica::enqueue(Proposal proposal) {
  proposal.accepted = clock_.boot_now();
  proposal.deadline = proposal.accepted + options_.rpc_hold_timeout;
  proposals_.push(std::move(proposal));
  flush_at_end_of_turn();
}

void RaftReplica::refuse(Proposal proposal, Error error) {
  if (!proposal.caller) return;
  answers_.add(std::move(*proposal.caller), Result<Outcome>(std::unexpected(std::move(error))));
  answers_.deliver();
}

/// What one turn of the loop proposes becomes one entry.
void RaftReplica::flush_at_end_of_turn() {
  if (flush_scheduled_ || proposals_.queue_empty() || host_ == nullptr ||
      !host_->accepts_proposal()) {
    return;
  }
  flush_scheduled_ = true;
  main_.at_end_of_turn([this] {
    flush_scheduled_ = false;
    flush();
  });
}

/// Makes one entry of what is queued, unless a write is under way: then more gathers until
/// ready_for_proposal(), which is group commit.
void RaftReplica::flush() {
  if (stopped_ || !leading_ || !host_->accepts_proposal() || proposals_.queue_empty()) return;
  const Nanos now = clock_.boot_now();
  ProposedEntry entry;
  entry.term = host_->node().current_term();
  entry.cluster_time_ms = cluster_clock_.stamp(now);
  entry.wall_time = clock_.wall_now();
  entry.proposed_at = now;
  entry.proposals = proposals_.take(command_bytes_max - entry_overhead_bytes);
  std::string payload = encode_entry(entry_feature_level, entry);
  // Known before it is appended, because the host may apply it before propose() returns.
  const raft::Index index = raft::next(host_->node().last_index());
  proposals_.in_log(index, std::move(entry));
  const Result<raft::LogPosition> position = host_->propose(std::move(payload));
  if (!position) {
    // The log's own bound: nothing was appended, the next tick tries again.
    proposals_.withdraw(index);
    return;
  }
  CONCLAVE_ASSERT(position->index == index);
}

/// A removal that left a job goes on here, whatever becomes of the client that began it; its answer
/// waits for the last part.
void RaftReplica::finish(Proposal proposal, Outcome outcome) {
  proposals_.forget(proposal);
  if (outcome.job != 0 && outcome.error.empty()) {
    Proposal further;
    further.command.body = ContinueJob{outcome.job};
    further.encoded = api::encode_record(further.command);
    further.caller = std::move(proposal.caller);
    further.first_outcome =
        proposal.first_outcome ? std::move(proposal.first_outcome) : std::move(outcome);
    return enqueue(std::move(further));
  }
  if (!proposal.caller) return;
  if (proposal.first_outcome && outcome.error.empty()) {
    const std::uint64_t revision = outcome.revision;
    outcome = std::move(*proposal.first_outcome);
    outcome.revision = revision;
    outcome.job = 0;
  }
  answers_.add(std::move(*proposal.caller), Result<Outcome>(std::move(outcome)));
}

/// While somebody else leads or nobody does. What is in the log may yet be applied by a later
/// leader.
void RaftReplica::expire_proposals(Nanos now) {
  if (leading_) return;
  for (Proposal& proposal : proposals_.expire_queued(now)) {
    if (!proposal.caller) continue;
    Error error{ErrorCode::no_leader, "No cluster leader"};
    if (proposal.first_outcome) {
      error = {ErrorCode::unknown_outcome,
               "leadership was lost during a removal in parts: the next leader completes it"};
    }
    answers_.add(std::move(*proposal.caller), Result<Outcome>(std::unexpected(std::move(error))));
  }
  for (Caller<Outcome>& caller : proposals_.expire_in_log(now)) {
    answers_.add(std::move(caller),
                 Result<Outcome>(fail(ErrorCode::unknown_outcome,
                                      "leadership was lost while the write was being replicated; "
                                      "whether it was made is not known")));
  }
}

/// Removals that an earlier leader did not complete.
void RaftReplica::resume_jobs() {
  const auto reader = store_.make_reader();
  const ReadSnapshot snapshot = reader->open();
  for (const std::uint64_t job : open_jobs(snapshot.rows())) {
    Proposal proposal;
    proposal.command.body = ContinueJob{job};
    proposal.encoded = api::encode_record(proposal.command);
    enqueue(std::move(proposal));
  }
}

}  // namespace conclave::daemon
