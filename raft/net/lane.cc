#include "raft/net/lane.h"

#include <utility>

#include "base/core/assert.h"

namespace conclave::raft {
namespace {

std::uint64_t payload_bytes(const Message& message) {
  if (const auto* append = std::get_if<AppendEntries>(&message.body)) {
    std::uint64_t bytes = 0;
    for (const Entry& entry : append->entries) bytes += entry.payload.size();
    return bytes;
  }
  const auto* install = std::get_if<InstallSnapshot>(&message.body);
  return install == nullptr ? 0 : install->chunk.size();
}

}  // namespace

std::uint32_t Lane::push(Message message) {
  bytes_ += payload_bytes(message);
  messages_.push_back(std::move(message));
  std::uint32_t dropped = 0;
  while (messages_.size() > 1 &&
         (messages_.size() > limits_.messages_max || bytes_ > limits_.bytes_max)) {
    pop();
    ++dropped;
  }
  return dropped;
}

Message Lane::pop() {
  CONCLAVE_ASSERT(!messages_.empty());
  Message oldest = std::move(messages_.front());
  messages_.pop_front();
  bytes_ -= payload_bytes(oldest);
  return oldest;
}

void Lane::clear() {
  messages_.clear();
  bytes_ = 0;
}

Urgency urgency_of(const Message& message) {
  if (std::holds_alternative<AppendEntries>(message.body)) return Urgency::bulk;
  if (std::holds_alternative<InstallSnapshot>(message.body)) return Urgency::snapshot;
  return Urgency::urgent;
}

}  // namespace conclave::raft
