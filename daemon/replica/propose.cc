#include <fmt/format.h>

#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/this_coro.hpp>

#include "api/model/record.h"
#include "base/core/assert.h"
#include "daemon/replica/raft_replica.h"
#include "daemon/state/job.h"

namespace conclave::daemon {
namespace {

/// What an entry has around one command of the largest size.
constexpr std::size_t entry_overhead_bytes = 64;

Error not_leading() { return {ErrorCode::no_leader, "this server does not lead"}; }

Error lost_in_log() {
  return {ErrorCode::unknown_outcome,
          "leadership was lost while the write was being replicated; whether it was made is not "
          "known"};
}

/// Of a proposal that leaves the queue: `text`, if it was certainly not carried out in any part.
Error undone_error(const Proposal& proposal, const char* text) {
  if (proposal.first_outcome) {
    return {ErrorCode::unknown_outcome,
            "leadership was lost during a removal in parts: the next leader completes it"};
  }
  if (proposal.may_be_made) {
    return {ErrorCode::unknown_outcome,
            "the leader was lost before it answered and no other was found in time; whether the "
            "write was made is not known: ask again with the same request id"};
  }
  return {ErrorCode::no_leader, text};
}

}  // namespace

Task<Result<Outcome>> RaftReplica::propose(Command command) {
  return propose_command(std::move(command), false);
}

Task<Result<Outcome>> RaftReplica::propose_as_leader(Command command) {
  return propose_command(std::move(command), true);
}

Task<Result<Outcome>> RaftReplica::propose_command(Command command, bool as_leader) {
  Proposal proposal;
  proposal.encoded = api::encode_record(command);
  proposal.command = std::move(command);
  return decide(std::move(proposal), as_leader);
}

Task<Result<Outcome>> RaftReplica::decide(Proposal proposal, bool as_leader) {
  if (proposal.encoded.size() > command_bytes_max - entry_overhead_bytes) {
    co_return fail(ErrorCode::too_large,
                   fmt::format("a command of {} bytes exceeds the limit of {}",
                               proposal.encoded.size(), command_bytes_max));
  }
  const Executor executor = co_await boost::asio::this_coro::executor;
  auto initiate = [this, executor, as_leader](auto resume, Proposal begun) {
    begun.caller.emplace(executor, std::move(resume));
    auto take_in = [this, as_leader](Proposal taken) {
      if (as_leader && !leading_) return refuse(std::move(taken), not_leading());
      if (as_leader) taken.office = host_->node().current_term();
      accept(std::move(taken));
    };
    if (main_.is_here()) return take_in(std::move(begun));
    main_.post([take_in, handed = std::make_shared<Proposal>(std::move(begun))] {
      take_in(std::move(*handed));
    });
  };
  // Deferred, and awaited at once: without a coroutine of its own in between.
  co_return co_await boost::asio::async_initiate<const boost::asio::deferred_t,
                                                 void(Result<Outcome>)>(
      std::move(initiate), boost::asio::deferred, std::move(proposal));
}

/// Limits first: what is not taken in has certainly not happened.
void RaftReplica::accept(Proposal proposal) {
  if (stopped_) {
    Error error{ErrorCode::unavailable, "the server is shutting down"};
    if (proposal.from_peer) error = not_leading();  // The sender asks the next one.
    return refuse(std::move(proposal), std::move(error));
  }
  if (is_leader()) {
    if (const Result<void> admitted = admit(proposal); !admitted) {
      return refuse(std::move(proposal), admitted.error());
    }
  }
  if (proposals_.count() >= options_.proposals_max ||
      proposals_.bytes() + proposal.encoded.size() > options_.proposal_bytes_max) {
    cells_.refused_full.add();
    return refuse(
        std::move(proposal),
        {ErrorCode::too_many, fmt::format("{} writes of {} bytes are waiting already; try again",
                                          proposals_.count(), proposals_.bytes())});
  }
  enqueue(std::move(proposal));
}

/// By this server's disk, for what it appends itself.
Result<void> RaftReplica::admit(Proposal& proposal) {
  if (proposal.admitted) return {};
  Result<void> admitted = growth_.admit(proposal.command, proposal.encoded.size());
  if (!admitted) cells_.refused_growth.add();
  proposal.admitted = admitted.has_value();
  return admitted;
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

/// What one turn of the loop brings becomes one entry, or one call to the leader.
void RaftReplica::flush_at_end_of_turn() {
  if (flush_scheduled_ || proposals_.queue_empty() || host_ == nullptr) return;
  if (!host_->accepts_proposal() && !may_forward()) return;
  flush_scheduled_ = true;
  main_.at_end_of_turn([this] {
    flush_scheduled_ = false;
    flush();
  });
}

void RaftReplica::flush() {
  if (stopped_ || host_ == nullptr) return;
  if (leading_) {
    append_queued();
  } else {
    forward_queued();
  }
}

/// Makes one entry of what is queued, unless a write is under way: then more gathers until
/// ready_for_proposal(), which is group commit.
void RaftReplica::append_queued() {
  if (!host_->accepts_proposal() || proposals_.queue_empty()) return;
  const Nanos now = clock_.boot_now();
  ProposedEntry entry;
  for (Proposal& proposal : proposals_.take(command_bytes_max - entry_overhead_bytes)) {
    // Some came before this server led.
    if (const Result<void> admitted = admit(proposal); !admitted) {
      proposals_.forget(proposal);
      refuse(std::move(proposal), admitted.error());
    } else {
      entry.proposals.push_back(std::move(proposal));
    }
  }
  if (entry.proposals.empty()) return flush_at_end_of_turn();
  entry.term = host_->node().current_term();
  entry.cluster_time_ms = cluster_clock_.stamp(now);
  entry.wall_time = clock_.wall_now();
  entry.proposed_at = now;
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
    further.from_peer = proposal.from_peer;
    // Without a client it is this leader's work; the next one begins it anew.
    if (!further.caller) further.office = host_->node().current_term();
    further.first_outcome = proposal.first_outcome ? std::move(proposal.first_outcome)
                                                   : std::make_unique<Outcome>(std::move(outcome));
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
/// leader; what is queued behind a leader that answers, however slowly, has one.
void RaftReplica::expire_proposals(Nanos now) {
  if (leading_) return;
  const bool answers = !leader_info_.leader_address.empty() && !refused_in_tick_ &&
                       proposals_.calls_since(first_call_to_leader_) > 0;
  if (!answers) {
    auto late = [now](const Proposal& proposal) { return proposal.deadline <= now; };
    for (Proposal& proposal : proposals_.remove_queued(late)) {
      Error error = undone_error(proposal, "No cluster leader");
      refuse(std::move(proposal), std::move(error));
    }
  }
  for (Caller<Outcome>& caller : proposals_.expire_in_log(now)) {
    answers_.add(std::move(caller), Result<Outcome>(std::unexpected(lost_in_log())));
  }
}

/// What was queued by right of a leadership that has ended, and what others sent here because this
/// server led.
void RaftReplica::refuse_outdated() {
  if (host_ == nullptr || proposals_.queue_empty()) return;
  const bool leads = is_leader();
  const raft::Term term = host_->node().current_term();
  auto outdated = [leads, term](const Proposal& proposal) {
    if (proposal.office != raft::Term{}) return !leads || proposal.office != term;
    return proposal.from_peer && !leads;
  };
  for (Proposal& proposal : proposals_.remove_queued(outdated)) {
    Error error = undone_error(proposal, "this server does not lead any more");
    refuse(std::move(proposal), std::move(error));
  }
}

/// A snapshot took the place of entries that this server had proposed.
void RaftReplica::settle_skipped(raft::Index applied_from) {
  std::vector<Proposal> again;
  for (Proposal& proposal : proposals_.take_below(applied_from)) {
    if (auto kept = settle(std::move(proposal), lost_in_log())) again.push_back(std::move(*kept));
  }
  proposals_.put_back(std::move(again));
}

/// Removals that an earlier leader did not complete.
void RaftReplica::resume_jobs() {
  const auto reader = store_.make_reader();
  const ReadSnapshot snapshot = reader->open();
  for (const std::uint64_t job : open_jobs(snapshot.rows())) {
    Proposal proposal;
    proposal.command.body = ContinueJob{job};
    proposal.encoded = api::encode_record(proposal.command);
    proposal.office = host_->node().current_term();
    enqueue(std::move(proposal));
  }
}

}  // namespace conclave::daemon
