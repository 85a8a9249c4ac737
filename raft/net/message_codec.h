#pragma once

/// The bytes of raft::Message on a connection (docs/protocol.md section 3): one spelling for each,
/// and whatever is not such a spelling is refused. Sender, receiver and the sender's incarnation
/// are those of the connection and are not repeated. Pure.

#include <string>
#include <string_view>

#include "base/core/result.h"
#include "raft/core/message.h"

namespace conclave::raft {

/// First byte of a frame that only says that its sender is alive; of messages, it is another.
inline constexpr std::uint8_t alive_kind = 0;

/// Entries are those that follow prev_log_index, without a gap.
void append_message(std::string& out, const Message& message);

/// What is filled in: who sent it, to whom, and as which incarnation.
struct Envelope {
  NodeId from;
  NodeId to;
  Incarnation incarnation{};
};
/// ErrorCode::corrupt for anything that append_message() does not write.
Result<Message> decode_message(std::string_view bytes, const Envelope& envelope);

}  // namespace conclave::raft
