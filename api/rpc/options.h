#pragma once

/// Every limit of calls between nodes, with its unit in its name. Both sides have the same.

#include <cstdint>

namespace conclave::api {

struct RpcOptions {
  /// A connection on which nothing came for so long is dead, and the calls that wait on it fail;
  /// the caller asks after half of it. The side that is called allows three times as much.
  std::uint32_t silence_ms_max = 5'000;
  /// For name lookup, connection, TLS and hello.
  std::uint32_t dial_timeout_ms = 5'000;
  /// A connection without calls is closed by the caller.
  std::uint32_t idle_ms_max = 60'000;
  /// Of a request or a reply; ErrorCode::too_large beyond.
  std::uint64_t body_bytes_max = 64 << 20;
  /// Calls under way on one connection; ErrorCode::too_many beyond.
  std::uint32_t calls_max = 4'096;
  /// Bodies that wait to be sent on one connection, or have arrived in part: the caller gets
  /// ErrorCode::too_many beyond, a reply is replaced by ErrorCode::unavailable.
  std::uint64_t queued_bytes_max = 128 << 20;
  /// With more than this waiting to be sent to a caller, nothing more is read from it.
  std::uint64_t unread_bytes_max = 8 << 20;
  /// Addresses that the client is connected to at once; ErrorCode::too_many beyond.
  std::uint32_t addresses_max = 256;
};

}  // namespace conclave::api
