#include <boost/asio/async_result.hpp>
#include <boost/asio/this_coro.hpp>

#include "api/model/record.h"
#include "daemon/replica/raft_replica.h"

namespace conclave::daemon {

/// No lock, no allocation, and for a cluster of one no look at the clock either.
bool RaftReplica::read_permit_now(Consistency consistency, ReadPermit& permit) {
  const bool endless = lease_is_endless_.load(std::memory_order_acquire);
  if (endless) {
    permit = {true, 0};
    return true;
  }
  if (consistency == Consistency::consistent) return false;
  const Nanos now = clock_.boot_now();
  if (now.count() < lease_until_ns_.load(std::memory_order_acquire)) {
    permit = {true, 0};
    return true;
  }
  if (consistency != Consistency::stale) return false;
  const Nanos contact{contact_ns_.load(std::memory_order_relaxed)};
  const Nanos silence = std::max(now - contact, Nanos::zero());
  const auto silence_ms = std::chrono::duration_cast<std::chrono::milliseconds>(silence).count();
  permit = {known_leader_.load(std::memory_order_relaxed), static_cast<std::uint64_t>(silence_ms)};
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
  reads_.emplace(id, WaitingRead{consistency, clock_.boot_now() + options_.rpc_hold_timeout,
                                 std::move(caller)});
  lane_of(consistency).waiting.push_back(id);
  ask_reads_at_end_of_turn();
}

RaftReplica::ReadLane& RaftReplica::lane_of(Consistency consistency) {
  return read_lanes_[consistency == Consistency::consistent ? 1 : 0];
}

/// All reads of one turn are asked for together.
void RaftReplica::ask_reads_at_end_of_turn() {
  if (host_ == nullptr || reads_.empty() || std::exchange(ask_scheduled_, true)) return;
  main_.at_end_of_turn([this] {
    ask_scheduled_ = false;
    ask_reads();
  });
}

void RaftReplica::ask_reads() {
  if (stopped_) return;
  if (leading_) return ask_quorum();
  if (!leader_is_worth_asking()) return;
  for (const Consistency consistency : {Consistency::standard, Consistency::consistent}) {
    // One call at a time: the next gathers meanwhile, and confirms only what it has gathered.
    ReadLane& lane = lane_of(consistency);
    if (lane.call != 0 || lane.waiting.empty()) continue;
    lane.call = ++last_call_;
    lane.asked = std::exchange(lane.waiting, {});
    cells_.read_index_calls.add();
    cells_.read_index_reads.add(lane.asked.size());
    main_.spawn("read index", ask_leader(consistency, lane.call, leader_info_.leader_address));
  }
}

/// As leader: one round for all.
void RaftReplica::ask_quorum() {
  std::vector<std::uint64_t> ids;
  for (ReadLane& lane : read_lanes_) {
    ids.insert(ids.end(), lane.waiting.begin(), lane.waiting.end());
    lane.waiting.clear();
  }
  if (ids.empty()) return;
  host_->request_read([this, ids = std::move(ids)](const Result<raft::Index>& index) {
    if (index) publish_standing();  // The round has given a lease, too.
    reads_confirmed(ids, index);
  });
}

Task<void> RaftReplica::ask_leader(Consistency consistency, std::uint64_t call,
                                   std::string address) {
  const ReadIndexCall asked{.consistent = consistency == Consistency::consistent};
  auto reply = co_await rpc_->call(std::move(address), api::RpcMethod::read_index,
                                   api::encode_record(asked), options_.rpc_hold_timeout);
  leader_answered(consistency, call, std::move(reply));
}

void RaftReplica::leader_answered(Consistency consistency, std::uint64_t call,
                                  Result<std::string> reply) {
  ReadLane& lane = lane_of(consistency);
  if (stopped_ || lane.call != call) return;  // Another leader is being asked meanwhile.
  lane.call = 0;
  Result<ReadIndexAnswer> answer =
      reply ? api::decode_record<ReadIndexAnswer>(*reply) : std::unexpected(reply.error());
  if (answer) {
    refused_in_tick_.reset();
    reads_confirmed(std::exchange(lane.asked, {}), raft::Index{answer->index});
  } else {
    refused_in_tick_ = ticks_;
    reads_confirmed(std::exchange(lane.asked, {}), std::unexpected(answer.error()));
  }
  ask_reads_at_end_of_turn();
}

void RaftReplica::reads_confirmed(const std::vector<std::uint64_t>& ids,
                                  const Result<raft::Index>& index) {
  for (const std::uint64_t id : ids) {
    const auto read = reads_.find(id);
    if (read == reads_.end()) continue;  // Its time ran out.
    if (!index) {
      // Asked again when there is a leader, until the deadline.
      lane_of(read->second.consistency).waiting.push_back(id);
    } else if (index->value > store_.applied().index) {
      reads_to_apply_[*index].push_back(id);
    } else {
      answer_read(id);
    }
  }
}

/// Another leader, or none: whoever was asked is not waited for.
void RaftReplica::ask_again() {
  refused_in_tick_.reset();
  first_call_to_leader_ = last_call_ + 1;
  for (ReadLane& lane : read_lanes_) {
    lane.waiting.insert(lane.waiting.end(), lane.asked.begin(), lane.asked.end());
    lane.asked.clear();
    lane.call = 0;
  }
  ask_reads_at_end_of_turn();
}

void RaftReplica::answer_read(std::uint64_t id) {
  auto read = reads_.extract(id);
  if (read.empty()) return;
  answers_.add(std::move(read.mapped().caller), Result<ReadPermit>(ReadPermit{true, 0}));
  deliver_at_end_of_turn();
}

void RaftReplica::answer_applied_reads() {
  while (!reads_to_apply_.empty() &&
         reads_to_apply_.begin()->first.value <= store_.applied().index) {
    const auto applied = reads_to_apply_.extract(reads_to_apply_.begin());
    for (const std::uint64_t id : applied.mapped()) answer_read(id);
  }
}

void RaftReplica::expire_reads(Nanos now) {
  bool expired = false;
  for (auto read = reads_.begin(); read != reads_.end();) {
    if (read->second.deadline > now) {
      ++read;
      continue;
    }
    answers_.add(std::move(read->second.caller),
                 Result<ReadPermit>(fail(ErrorCode::no_leader, "No cluster leader")));
    read = reads_.erase(read);
    expired = true;
  }
  if (!expired) return;
  for (ReadLane& lane : read_lanes_) {
    std::erase_if(lane.waiting, [this](std::uint64_t id) { return !reads_.contains(id); });
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
