#pragma once

/// What the frames of an RPC connection say (docs/protocol.md section 4). Pure.

#include <cstdint>
#include <string>
#include <string_view>

#include "api/rpc/rpc.h"
#include "base/core/result.h"

namespace conclave::api {

/// Numbers are part of the protocol: only ever added.
enum class RpcFrameKind : std::uint8_t {
  call = 1,    ///< Id, method, size of the request, its first piece.
  more = 2,    ///< Id, the next piece of a request or reply.
  reply = 3,   ///< Id, size of the reply, its first piece.
  error = 4,   ///< Id, code, sentence.
  cancel = 5,  ///< Id: nobody waits for the reply any more.
  ping = 6,
  pong = 7,
};

/// Bodies travel in pieces of at most this, between which those of other calls find room.
inline constexpr std::size_t rpc_piece_bytes_max = std::size_t{256} * 1024;
inline constexpr std::size_t rpc_frame_bytes_max = rpc_piece_bytes_max + 64;

struct RpcFrame {
  RpcFrameKind kind = RpcFrameKind::ping;
  std::uint64_t id = 0;  ///< Of the call; ascends on a connection, from 1.
  RpcMethod method{};    ///< call; possibly one that is not known here.
  std::uint64_t size = 0;
  ErrorCode code = ErrorCode::failed;
  std::string_view bytes;  ///< A piece, or an error's sentence.
};

/// Appends a whole frame.
void append_rpc_frame(std::string& out, const RpcFrame& frame);
/// The body of a frame. ErrorCode::corrupt for anything that is not written like that; an error
/// code that is not known here is ErrorCode::failed.
Result<RpcFrame> decode_rpc_frame(std::string_view body);

}  // namespace conclave::api
