#include "api/rpc/rpc_frame.h"

#include <algorithm>
#include <array>

#include "base/core/assert.h"
#include "base/core/bytes.h"
#include "base/net/frame.h"

namespace conclave::api {
namespace {

/// ErrorCodes by their number on the wire, from 1 on; only ever added.
constexpr std::array wire_codes = {
    ErrorCode::bad_request, ErrorCode::denied,    ErrorCode::not_found,
    ErrorCode::not_allowed, ErrorCode::too_large, ErrorCode::too_many,
    ErrorCode::failed,      ErrorCode::no_leader, ErrorCode::unknown_outcome,
    ErrorCode::unavailable, ErrorCode::io,        ErrorCode::corrupt,
    ErrorCode::exists,
};

std::uint8_t wire_code(ErrorCode code) {
  const auto at = std::ranges::find(wire_codes, code);
  CONCLAVE_ASSERT_WHY(at != wire_codes.end(), "every code has a number on the wire");
  return static_cast<std::uint8_t>(at - wire_codes.begin() + 1);
}

ErrorCode error_code(std::uint8_t number) {
  return number >= 1 && number <= wire_codes.size() ? wire_codes[number - 1u] : ErrorCode::failed;
}

bool has_id(RpcFrameKind kind) { return kind != RpcFrameKind::ping && kind != RpcFrameKind::pong; }

bool has_size(RpcFrameKind kind) {
  return kind == RpcFrameKind::call || kind == RpcFrameKind::reply;
}

bool has_bytes(RpcFrameKind kind) {
  return has_size(kind) || kind == RpcFrameKind::more || kind == RpcFrameKind::error;
}

/// Whether the piece is one that a sender makes.
bool is_sound(const RpcFrame& frame) {
  if (has_size(frame.kind)) {
    return frame.bytes.size() <= frame.size && (frame.size == 0 || !frame.bytes.empty());
  }
  if (frame.kind == RpcFrameKind::more) return !frame.bytes.empty();
  return has_bytes(frame.kind) || frame.bytes.empty();
}

}  // namespace

void append_rpc_frame(std::string& out, const RpcFrame& frame) {
  const std::size_t begin = begin_frame(out);
  append_u8(out, static_cast<std::uint8_t>(frame.kind));
  if (has_id(frame.kind)) append_varint(out, frame.id);
  if (frame.kind == RpcFrameKind::call) append_u8(out, static_cast<std::uint8_t>(frame.method));
  if (has_size(frame.kind)) append_varint(out, frame.size);
  if (frame.kind == RpcFrameKind::error) append_u8(out, wire_code(frame.code));
  if (has_bytes(frame.kind)) out.append(frame.bytes);
  seal_frame(out, begin, 0);
}

Result<RpcFrame> decode_rpc_frame(std::string_view body) {
  ByteReader in(body);
  const std::uint8_t kind = in.u8();
  if (kind < 1 || kind > static_cast<std::uint8_t>(RpcFrameKind::pong)) {
    return fail(ErrorCode::corrupt, "a frame of an unknown kind");
  }
  RpcFrame frame{.kind = static_cast<RpcFrameKind>(kind)};
  if (has_id(frame.kind)) frame.id = in.varint();
  if (frame.kind == RpcFrameKind::call) frame.method = static_cast<RpcMethod>(in.u8());
  if (has_size(frame.kind)) frame.size = in.varint();
  if (frame.kind == RpcFrameKind::error) frame.code = error_code(in.u8());
  frame.bytes = in.rest();
  if (!in.ok() || !is_sound(frame)) {
    return fail(ErrorCode::corrupt, "a frame that cannot be read");
  }
  return frame;
}

}  // namespace conclave::api
