#include "raft/net/message_codec.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/core/assert.h"
#include "base/core/bytes.h"
#include "raft/core/configuration.h"

namespace conclave::raft {
namespace {

/// Flags of the bodies that have such.
constexpr std::uint8_t pre_vote_flag = 1;
constexpr std::uint8_t granted_flag = 2;
constexpr std::uint8_t success_flag = 1;
/// Kind, term and the length of an empty payload.
constexpr std::size_t entry_bytes_min = 3;

std::uint8_t flag(bool set, std::uint8_t bit) { return set ? bit : 0; }

void append_body(std::string& out, const RequestVote& body) {
  append_u8(out, flag(body.pre_vote, pre_vote_flag));
  append_varint(out, body.candidate_term.value);
  append_varint(out, body.last_log_index.value);
  append_varint(out, body.last_log_term.value);
  append_varint(out, body.transfer_round);
}

void append_body(std::string& out, const RequestVoteReply& body) {
  append_u8(out, flag(body.pre_vote, pre_vote_flag) | flag(body.granted, granted_flag));
  append_varint(out, body.candidate_term.value);
}

void append_body(std::string& out, const AppendEntries& body) {
  append_varint(out, body.prev_log_index.value);
  append_varint(out, body.prev_log_term.value);
  append_varint(out, body.leader_commit.value);
  append_varint(out, body.entries.size());
  Index index = body.prev_log_index;
  for (const Entry& entry : body.entries) {
    index = next(index);
    CONCLAVE_ASSERT_WHY(entry.index == index, "entries follow each other without a gap");
    append_u8(out, static_cast<std::uint8_t>(entry.kind));
    append_varint(out, entry.term.value);
    append_sized(out, entry.payload);
  }
}

void append_body(std::string& out, const AppendEntriesReply& body) {
  append_u8(out, flag(body.success, success_flag));
  append_varint(out, body.match_index.value);
  append_varint(out, body.rejected_index.value);
  append_varint(out, body.hint_index.value);
  append_varint(out, body.hint_term.value);
}

void append_body(std::string& out, const Heartbeat& body) {
  append_varint(out, body.round);
  append_varint(out, body.leader_commit.value);
}

void append_body(std::string& out, const HeartbeatReply& body) { append_varint(out, body.round); }

void append_body(std::string& out, const InstallSnapshot& body) {
  append_sized(out, body.snapshot.id);
  append_varint(out, body.snapshot.index.value);
  append_varint(out, body.snapshot.term.value);
  append_sized(out, encode_configuration(body.snapshot.configuration));
  append_varint(out, body.snapshot.size);
  append_varint(out, body.offset);
  append_u32_le(out, body.chunk_crc);
  append_sized(out, body.chunk);
}

void append_body(std::string& out, const InstallSnapshotReply& body) {
  append_sized(out, body.id);
  append_varint(out, body.next_offset);
}

void append_body(std::string& out, const TimeoutNow& body) { append_varint(out, body.round); }

/// ByteReader, which takes a number in more bytes than it needs, made strict.
class Fields {
 public:
  explicit Fields(std::string_view bytes) : in_(bytes) {}

  std::uint64_t number() {
    const std::string_view before = in_.rest();
    const std::uint64_t value = in_.varint();
    const std::size_t taken = before.size() - in_.rest().size();
    if (in_.ok() && taken > 1 && before[taken - 1] == 0) in_.set_failed();
    return value;
  }
  std::uint8_t byte(std::uint8_t max) {
    const std::uint8_t value = in_.u8();
    if (value > max) in_.set_failed();
    return value;
  }
  std::uint32_t crc() { return in_.u32_le(); }
  std::string_view sized() {
    const std::uint64_t size = number();
    if (size > in_.rest().size()) in_.set_failed();
    return in_.take(static_cast<std::size_t>(size));
  }
  void require(bool holds) {
    if (!holds) in_.set_failed();
  }
  std::size_t left() const { return in_.rest().size(); }
  bool ok() const { return in_.ok(); }
  bool is_done() const { return in_.ok() && in_.at_end(); }

 private:
  ByteReader in_;
};

void read_body(Fields& in, RequestVote& body) {
  body.pre_vote = in.byte(pre_vote_flag) != 0;
  body.candidate_term = {in.number()};
  body.last_log_index = {in.number()};
  body.last_log_term = {in.number()};
  body.transfer_round = in.number();
}

void read_body(Fields& in, RequestVoteReply& body) {
  const std::uint8_t flags = in.byte(pre_vote_flag | granted_flag);
  body.pre_vote = (flags & pre_vote_flag) != 0;
  body.granted = (flags & granted_flag) != 0;
  body.candidate_term = {in.number()};
}

void read_body(Fields& in, AppendEntries& body) {
  body.prev_log_index = {in.number()};
  body.prev_log_term = {in.number()};
  body.leader_commit = {in.number()};
  const std::uint64_t count = in.number();
  in.require(count <= in.left() / entry_bytes_min);
  in.require(count <= UINT64_MAX - body.prev_log_index.value);
  if (!in.ok()) return;
  body.entries.reserve(static_cast<std::size_t>(count));
  Index index = body.prev_log_index;
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    index = next(index);
    Entry& entry = body.entries.emplace_back();
    entry.index = index;
    entry.kind =
        static_cast<EntryKind>(in.byte(static_cast<std::uint8_t>(EntryKind::configuration)));
    entry.term = {in.number()};
    entry.payload = in.sized();
  }
}

void read_body(Fields& in, AppendEntriesReply& body) {
  body.success = in.byte(success_flag) != 0;
  body.match_index = {in.number()};
  body.rejected_index = {in.number()};
  body.hint_index = {in.number()};
  body.hint_term = {in.number()};
}

void read_body(Fields& in, Heartbeat& body) {
  body.round = in.number();
  body.leader_commit = {in.number()};
}

void read_body(Fields& in, HeartbeatReply& body) { body.round = in.number(); }

void read_body(Fields& in, InstallSnapshot& body) {
  body.snapshot.id = in.sized();
  body.snapshot.index = {in.number()};
  body.snapshot.term = {in.number()};
  const std::string_view encoded = in.sized();
  auto configuration = decode_configuration(encoded);
  in.require(configuration && encode_configuration(*configuration) == encoded);
  if (!in.ok()) return;
  body.snapshot.configuration = std::move(*configuration);
  body.snapshot.size = in.number();
  body.offset = in.number();
  body.chunk_crc = in.crc();
  body.chunk = in.sized();
}

void read_body(Fields& in, InstallSnapshotReply& body) {
  body.id = in.sized();
  body.next_offset = in.number();
}

void read_body(Fields& in, TimeoutNow& body) { body.round = in.number(); }

/// Makes the alternative of that number, which is the kind minus one.
template <std::size_t... i>
void choose(MessageBody& body, std::size_t number, std::index_sequence<i...>) {
  ((i == number ? static_cast<void>(body.emplace<i>()) : void()), ...);
}

}  // namespace

void append_message(std::string& out, const Message& message) {
  append_u8(out, static_cast<std::uint8_t>(message.body.index() + 1));
  append_varint(out, message.term.value);
  std::visit([&out](const auto& body) { append_body(out, body); }, message.body);
}

Result<Message> decode_message(std::string_view bytes, const Envelope& envelope) {
  constexpr std::size_t kinds = std::variant_size_v<MessageBody>;
  Fields in(bytes);
  const std::uint8_t kind = in.byte(kinds);
  if (!in.ok() || kind == alive_kind) {
    return fail(ErrorCode::corrupt, "a message of an unknown kind");
  }
  Message message{.from = envelope.from,
                  .to = envelope.to,
                  .term = {in.number()},
                  .body = {},
                  .incarnation = envelope.incarnation};
  choose(message.body, kind - std::size_t{1}, std::make_index_sequence<kinds>());
  std::visit([&in](auto& body) { read_body(in, body); }, message.body);
  if (!in.is_done()) {
    return fail(ErrorCode::corrupt, fmt::format("a message of kind {} that cannot be read", kind));
  }
  return message;
}

}  // namespace conclave::raft
