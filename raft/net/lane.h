#pragma once

/// Messages that wait for a link, oldest first, bounded in number and bytes. Pure.

#include <cstdint>
#include <deque>

#include "raft/core/message.h"

namespace conclave::raft {

struct LaneLimits {
  std::uint32_t messages_max = 0;
  std::uint64_t bytes_max = UINT64_MAX;  ///< Of payloads; one message goes in however large it is.
};

class Lane {
 public:
  explicit Lane(LaneLimits limits) : limits_(limits) {}

  /// Answers how many of the oldest had to go.
  std::uint32_t push(Message message);
  Message pop();
  void clear();

  bool empty() const { return messages_.empty(); }
  std::size_t size() const { return messages_.size(); }
  std::uint64_t bytes() const { return bytes_; }

 private:
  const LaneLimits limits_;
  std::deque<Message> messages_;
  std::uint64_t bytes_ = 0;
};

/// Which way a message goes. Everything that elections, leases and the commit index wait for is
/// urgent; what carries entries must neither overtake nor be overtaken by its like.
enum class Urgency : std::uint8_t { urgent, bulk, snapshot };
Urgency urgency_of(const Message& message);

}  // namespace conclave::raft
