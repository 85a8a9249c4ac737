#include "daemon/replica/proposals.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "api/model/record.h"
#include "base/core/assert.h"
#include "base/core/bytes.h"

namespace conclave::daemon {

void Proposals::push(Proposal proposal) {
  ++count_;
  bytes_ += proposal.encoded.size();
  queue_.push_back(std::move(proposal));
}

void Proposals::forget(const Proposal& proposal) {
  CONCLAVE_ASSERT(count_ > 0);
  CONCLAVE_ASSERT(bytes_ >= proposal.encoded.size());
  --count_;
  bytes_ -= proposal.encoded.size();
}

std::vector<Proposal> Proposals::take(std::uint64_t bytes_max, const Joins& joins) {
  std::vector<Proposal> taken;
  std::uint64_t bytes = 0;
  while (!queue_.empty()) {
    bytes += queue_.front().encoded.size();
    const bool alone = std::holds_alternative<Restore>(queue_.front().command.body);
    if (!taken.empty() && (bytes > bytes_max || alone)) break;
    if (!taken.empty() && joins && !joins(taken.front(), queue_.front())) break;
    taken.push_back(std::move(queue_.front()));
    queue_.pop_front();
    if (alone) break;
  }
  return taken;
}

void Proposals::put_back(std::vector<Proposal> proposals) {
  queue_.insert(queue_.begin(), std::make_move_iterator(proposals.begin()),
                std::make_move_iterator(proposals.end()));
}

void Proposals::in_log(raft::Index index, ProposedEntry entry) {
  const bool inserted = in_log_.emplace(index, std::move(entry)).second;
  CONCLAVE_ASSERT_WHY(inserted, "one entry for each index that was not decided yet");
}

void Proposals::withdraw(raft::Index index) {
  auto node = in_log_.extract(index);
  CONCLAVE_ASSERT(!node.empty());
  put_back(std::move(node.mapped().proposals));
}

std::optional<ProposedEntry> Proposals::applied(raft::Index index, raft::Term term) {
  const auto own = in_log_.find(index);
  if (own != in_log_.end() && own->second.term == term) {
    return std::move(in_log_.extract(own).mapped());
  }
  std::vector<Proposal> again;
  auto entry = in_log_.lower_bound(index);
  while (entry != in_log_.end() && entry->second.term < term) {
    for (Proposal& proposal : entry->second.proposals) {
      if (proposal.caller || std::holds_alternative<ContinueJob>(proposal.command.body)) {
        again.push_back(std::move(proposal));
      } else {
        forget(proposal);
      }
    }
    entry = in_log_.erase(entry);
  }
  put_back(std::move(again));
  return std::nullopt;
}

std::vector<Proposal> Proposals::take_below(raft::Index index) {
  std::vector<Proposal> taken;
  while (!in_log_.empty() && in_log_.begin()->first < index) {
    std::ranges::move(in_log_.begin()->second.proposals, std::back_inserter(taken));
    in_log_.erase(in_log_.begin());
  }
  return taken;
}

std::vector<Proposal> Proposals::remove_queued(
    const std::function<bool(const Proposal&)>& matches) {
  std::vector<Proposal> removed;
  if (std::ranges::none_of(queue_, matches)) return removed;
  std::deque<Proposal> kept;
  for (Proposal& proposal : queue_) {
    if (matches(proposal)) {
      forget(proposal);
      removed.push_back(std::move(proposal));
    } else {
      kept.push_back(std::move(proposal));
    }
  }
  queue_ = std::move(kept);
  return removed;
}

std::vector<Caller<Outcome>> Proposals::expire_in_log(Nanos now) {
  std::vector<Caller<Outcome>> expired;
  for (auto& [index, entry] : in_log_) {
    for (Proposal& proposal : entry.proposals) {
      if (!proposal.caller || proposal.deadline > now) continue;
      expired.push_back(std::move(*proposal.caller));
      proposal.caller.reset();
    }
  }
  return expired;
}

void Proposals::with_leader(std::uint64_t call, std::vector<Proposal> proposals) {
  const bool inserted = with_leader_.emplace(call, std::move(proposals)).second;
  CONCLAVE_ASSERT(inserted);
}

std::vector<Proposal> Proposals::answered(std::uint64_t call) {
  auto node = with_leader_.extract(call);
  return node.empty() ? std::vector<Proposal>{} : std::move(node.mapped());
}

std::size_t Proposals::calls_since(std::uint64_t call) const {
  const auto first = with_leader_.lower_bound(call);
  return static_cast<std::size_t>(std::distance(first, with_leader_.end()));
}

void Proposals::restart_deadlines(Nanos deadline) {
  for (Proposal& proposal : queue_) proposal.deadline = deadline;
  for (auto& [index, entry] : in_log_) {
    for (Proposal& proposal : entry.proposals) proposal.deadline = deadline;
  }
}

std::vector<Proposal> Proposals::remove_all_queued() {
  return remove_queued([](const Proposal&) { return true; });
}

std::vector<Proposal> Proposals::remove_all_sent() {
  std::vector<Proposal> sent = take_below(raft::Index{UINT64_MAX});
  for (auto& [call, proposals] : with_leader_) {
    std::ranges::move(proposals, std::back_inserter(sent));
  }
  with_leader_.clear();
  for (const Proposal& proposal : sent) forget(proposal);
  return sent;
}

std::string encode_entry(std::uint64_t feature_level, const ProposedEntry& entry) {
  // Fields in ascending order, then field 4, Commands, repeated: the very bytes encode_record()
  // would make of the whole (api/model/record.h), without encoding the commands again.
  constexpr std::uint64_t commands_tag = (4 << 3) | 2;
  EntryPayload head;
  head.feature_level = feature_level;
  head.cluster_time_ms = entry.cluster_time_ms;
  head.wall_time = entry.wall_time;
  std::string out = api::encode_record(head);
  std::size_t size = out.size();
  for (const Proposal& proposal : entry.proposals) size += proposal.encoded.size() + 11;
  out.reserve(size);
  for (const Proposal& proposal : entry.proposals) {
    append_varint(out, commands_tag);
    append_sized(out, proposal.encoded);
  }
  return out;
}

}  // namespace conclave::daemon
