// What other nodes send: frames, hellos, Raft messages, pieces of calls. The first byte says which.
// Whatever decodes encodes to the same bytes, so that there is one form only.

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "api/rpc/bodies.h"
#include "api/rpc/identity.h"
#include "base/core/assert.h"
#include "base/net/frame.h"
#include "base/net/hello.h"
#include "raft/net/message_codec.h"
#include "raft/net/peer_hello.h"
#include "tests/fuzz/input.h"

namespace conclave::fuzz {
namespace {

constexpr std::size_t frame_limit = 4096;

/// A stream that arrives in pieces of the input's choosing, with frames of its own among the bytes.
void check_frames(std::string_view bytes) {
  Input input(bytes);
  const std::uint32_t seed = input.byte();
  std::string stream;
  while (!input.at_end()) {
    const std::uint8_t how = input.byte();
    const std::string_view body = input.take(input.below(600));
    if (how % 4 == 0) {
      stream.append(body);
    } else {
      append_frame(stream, body, seed + (how % 4 == 1));
    }
  }
  FrameBuffer buffer(frame_limit);
  buffer.set_seed(seed);
  std::string_view rest = stream;
  while (!rest.empty()) {
    const std::span<char> room = buffer.room();
    CONCLAVE_ASSERT(!room.empty());
    const std::size_t size = std::min({room.size(), rest.size(), std::size_t{1} + seed});
    std::memcpy(room.data(), rest.data(), size);
    buffer.received(size);
    rest.remove_prefix(size);
    for (;;) {
      const auto frame = buffer.next();
      if (!frame) return;
      if (!*frame) break;
      CONCLAVE_ASSERT((*frame)->size() <= frame_limit);
    }
    CONCLAVE_ASSERT(buffer.capacity() <= 4 * (frame_limit + frame_head_bytes));
  }
}

void check_preamble(std::string_view bytes) {
  if (bytes.size() >= preamble_bytes) {
    const auto purpose = decode_preamble(bytes.substr(0, preamble_bytes));
    if (purpose) {
      const std::string again = encode_hello({*purpose, ""});
      CONCLAVE_ASSERT(std::string_view(again).substr(0, preamble_bytes) ==
                      bytes.substr(0, preamble_bytes));
    } else {
      CONCLAVE_ASSERT(!purpose.error().sentence.empty());
    }
  }
  const auto answer = decode_answer(bytes);
  CONCLAVE_ASSERT(answer.has_value() == !bytes.empty());
}

void check_peer_hello(std::string_view bytes) {
  const auto hello = raft::decode_peer_hello(bytes);
  if (!hello) return;
  CONCLAVE_ASSERT(raft::encode_peer_hello(*hello) == bytes);
  static_cast<void>(raft::judge(*hello, hello->sender, raft::SeenPeer{}));
  static_cast<void>(raft::frame_seed(*hello));
}

void check_message(std::string_view bytes) {
  const auto message = raft::decode_message(bytes, {.from = {"a"}, .to = {"b"}});
  if (!message) {
    CONCLAVE_ASSERT(message.error().code == ErrorCode::corrupt);
    return;
  }
  std::string again;
  raft::append_message(again, *message);
  CONCLAVE_ASSERT(again == bytes);
}

void check_identity(std::string_view bytes) {
  const auto identity = api::decode_rpc_identity(bytes);
  if (!identity) return;
  CONCLAVE_ASSERT(api::encode_rpc_identity(*identity) == bytes);
  CONCLAVE_ASSERT(!api::judge(*identity, *identity));
}

/// Frames of one connection, one after the other.
void check_calls(std::string_view bytes) {
  Input input(bytes);
  api::Inbox inbox(2000, 4000);
  while (!input.at_end()) {
    const auto frame = api::decode_rpc_frame(input.take(input.below(700)));
    if (!frame) continue;
    std::string again;
    api::append_rpc_frame(again, *frame);
    if (frame->kind == api::RpcFrameKind::cancel) inbox.drop(frame->id);
    if (frame->kind != api::RpcFrameKind::call && frame->kind != api::RpcFrameKind::more) continue;
    const auto whole = inbox.add(*frame);
    if (whole && *whole) CONCLAVE_ASSERT((*whole)->body.size() <= 2000);
    CONCLAVE_ASSERT(inbox.bytes() <= 4000 + 700);
    if (!whole) return;
  }
}

using Check = void (*)(std::string_view);
constexpr std::array<Check, 6> checks = {check_frames,  check_preamble, check_peer_hello,
                                         check_message, check_identity, check_calls};

}  // namespace

void check(std::string_view bytes) {
  Input input(bytes);
  const std::size_t which = input.byte() % checks.size();
  checks[which](input.rest());
}

}  // namespace conclave::fuzz
