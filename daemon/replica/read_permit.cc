#include <boost/asio/async_result.hpp>
#include <boost/asio/this_coro.hpp>

#include "base/core/assert.h"
#include "daemon/replica/raft_replica.h"

namespace conclave::daemon {

/// No lock, no allocation, and for a cluster of one no look at the clock either.
bool RaftReplica::read_permit_now(Consistency consistency, ReadPermit& permit) {
  const bool endless = lease_is_endless_.load(std::memory_order_acquire);
  if (endless) {
    permit = {true, 0};
    return true;
  }
  if (consistency == Consistency::stale) {
    const Nanos contact{contact_ns_.load(std::memory_order_relaxed)};
    const Nanos silence = std::max(clock_.boot_now() - contact, Nanos::zero());
    const auto silence_ms = std::chrono::duration_cast<std::chrono::milliseconds>(silence).count();
    permit = {known_leader_.load(std::memory_order_relaxed),
              static_cast<std::uint64_t>(silence_ms)};
    return true;
  }
  if (consistency == Consistency::consistent) return false;
  const std::int64_t until = lease_until_ns_.load(std::memory_order_acquire);
  if (until == 0 || clock_.boot_now().count() >= until) return false;
  permit = {true, 0};
  return true;
}

Task<Result<ReadPermit>> RaftReplica::read_permit(Consistency consistency) {
  ReadPermit permit;
  if (read_permit_now(consistency, permit)) co_return permit;
  const Executor executor = co_await boost::asio::this_coro::executor;
  auto initiate = [this, executor, consistency](auto resume) {
    Caller<ReadPermit> caller{executor, std::move(resume)};
    if (main_.is_here()) return accept_read(consistency, std::move(caller));
    main_.post(
        [this, consistency, handed = std::make_shared<Caller<ReadPermit>>(std::move(caller))] {
          accept_read(consistency, std::move(*handed));
        });
  };
  auto answer = boost::asio::async_initiate<const boost::asio::use_awaitable_t<Executor>,
                                            void(Result<ReadPermit>)>(
      std::move(initiate), boost::asio::use_awaitable_t<Executor>{});
  co_return co_await std::move(answer);
}

void RaftReplica::accept_read(Consistency consistency, Caller<ReadPermit> caller) {
  if (stopped_ || reads_.size() >= options_.reads_max) {
    Error error = stopped_ ? Error{ErrorCode::unavailable, "the server is shutting down"}
                           : Error{ErrorCode::too_many, "too many reads wait for a leader"};
    answers_.add(std::move(caller), Result<ReadPermit>(std::unexpected(std::move(error))));
    return answers_.deliver();
  }
  const std::uint64_t id = ++last_read_;
  reads_.emplace(id, WaitingRead{consistency, clock_.boot_now() + options_.rpc_hold_timeout, false,
                                 std::move(caller)});
  if (leading_) {
    ask_read(id, reads_.at(id));
    answers_.deliver();
  }
}

void RaftReplica::ask_reads() {
  // Asking may answer, which removes.
  std::vector<std::uint64_t> ids;
  for (const auto& [id, read] : reads_) {
    if (!read.asked) ids.push_back(id);
  }
  for (const std::uint64_t id : ids) {
    const auto read = reads_.find(id);
    if (leading_ && read != reads_.end()) ask_read(id, read->second);
  }
  answers_.deliver();
}

void RaftReplica::ask_read(std::uint64_t id, WaitingRead& read) {
  read.asked = true;
  host_->request_read(
      [this, id](Result<raft::Index> index) { read_confirmed(id, std::move(index)); });
}

void RaftReplica::read_confirmed(std::uint64_t id, Result<raft::Index> index) {
  const auto read = reads_.find(id);
  if (read == reads_.end()) return;  // Its time ran out.
  if (!index) {
    read->second.asked = false;  // Asked again when there is a leader, until the deadline.
  } else if (index->value > store_.applied().index) {
    reads_to_apply_.emplace_back(*index, id);
  } else {
    answer_read(id);
  }
}

void RaftReplica::answer_read(std::uint64_t id) {
  auto read = reads_.extract(id);
  if (read.empty()) return;
  answers_.add(std::move(read.mapped().caller), Result<ReadPermit>(ReadPermit{true, 0}));
  deliver_at_end_of_turn();
}

void RaftReplica::answer_applied_reads() {
  while (!reads_to_apply_.empty() &&
         reads_to_apply_.front().first.value <= store_.applied().index) {
    answer_read(reads_to_apply_.front().second);
    reads_to_apply_.pop_front();
  }
}

void RaftReplica::expire_reads(Nanos now) {
  for (auto read = reads_.begin(); read != reads_.end();) {
    if (read->second.deadline > now) {
      ++read;
      continue;
    }
    answers_.add(std::move(read->second.caller),
                 Result<ReadPermit>(fail(ErrorCode::no_leader, "No cluster leader")));
    read = reads_.erase(read);
  }
}

/// What other loops may conclude on their own.
void RaftReplica::publish_standing() {
  if (host_ == nullptr) return;
  const raft::Node& node = host_->node();
  const Nanos now = clock_.boot_now();
  const std::uint64_t left = leading_ ? node.lease_ticks_left() : 0;
  lease_is_endless_.store(left == raft::Node::forever, std::memory_order_release);
  Nanos until{};
  if (leading_ && node.lease_start_tick()) {
    const Nanos length = tick_length_ * static_cast<int>(node.options().lease_ticks);
    until = lease_clock_.end_of_lease(*node.lease_start_tick(), length);
  }
  lease_until_ns_.store(until.count(), std::memory_order_release);
  known_leader_.store(!node.leader().value.empty(), std::memory_order_relaxed);
  const Nanos contact = now - tick_length_ * static_cast<int>(node.ticks_since_leader());
  contact_ns_.store(contact.count(), std::memory_order_relaxed);

  cells_.is_leader.set(leading_ ? 1 : 0);
  cells_.last_index.set(static_cast<double>(node.last_index().value));
  cells_.commit_index.set(static_cast<double>(node.commit_index().value));
  cells_.proposals.set(static_cast<double>(proposals_.count()));
  const auto silence = std::chrono::duration<double, std::milli>(now - contact);
  cells_.last_contact_ms.set(silence.count());
}

}  // namespace conclave::daemon
