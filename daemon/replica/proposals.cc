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

std::vector<Proposal> Proposals::take(std::uint64_t bytes_max) {
  std::vector<Proposal> taken;
  std::uint64_t bytes = 0;
  while (!queue_.empty()) {
    bytes += queue_.front().encoded.size();
    const bool alone = std::holds_alternative<Restore>(queue_.front().command.body);
    if ((bytes > bytes_max || alone) && !taken.empty()) break;
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
  auto node = in_log_.extract(index);
  if (node.empty()) return std::nullopt;
  if (node.mapped().term == term) return std::move(node.mapped());
  std::vector<Proposal> again;
  for (Proposal& proposal : node.mapped().proposals) {
    if (proposal.caller || std::holds_alternative<ContinueJob>(proposal.command.body)) {
      again.push_back(std::move(proposal));
    } else {
      forget(proposal);
    }
  }
  put_back(std::move(again));
  return std::nullopt;
}

std::vector<Proposal> Proposals::expire_queued(Nanos now) {
  std::vector<Proposal> expired;
  std::deque<Proposal> kept;
  for (Proposal& proposal : queue_) {
    if (proposal.deadline > now) {
      kept.push_back(std::move(proposal));
    } else {
      forget(proposal);
      expired.push_back(std::move(proposal));
    }
  }
  queue_ = std::move(kept);
  return expired;
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

std::vector<Proposal> Proposals::take_all() {
  std::vector<Proposal> all;
  for (auto& [index, entry] : in_log_) {
    std::ranges::move(entry.proposals, std::back_inserter(all));
  }
  std::ranges::move(queue_, std::back_inserter(all));
  in_log_.clear();
  queue_.clear();
  count_ = bytes_ = 0;
  return all;
}

void Proposals::set_deadline_in_log(Nanos deadline) {
  for (auto& [index, entry] : in_log_) {
    for (Proposal& proposal : entry.proposals) proposal.deadline = deadline;
  }
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
