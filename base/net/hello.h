#pragma once

/// How a connection to a server's port begins (docs/protocol.md section 2): eight bytes that say
/// which protocol, which version of it and what for, a frame with what that purpose wants to know
/// of the caller, and one frame in answer. Pure.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/core/result.h"

namespace conclave {

/// Numbers are part of the protocol: only ever added.
enum class Purpose : std::uint8_t {
  raft = 1,           ///< Messages of raft/net, from the caller to the one called only.
  raft_snapshot = 2,  ///< The same, for what is large.
  rpc = 3,            ///< Calls of api/rpc.
};

struct Hello {
  Purpose purpose = Purpose::rpc;
  std::string details;  ///< The purpose's own.
  friend bool operator==(const Hello&, const Hello&) = default;
};

/// Why a hello is refused; numbers are part of the protocol: only ever added, and unknown ones are
/// shown with their sentence.
enum class RefusalCode : std::uint8_t {
  version = 1,    ///< A protocol that is not spoken here.
  malformed = 2,  ///< A hello that cannot be read.
  other_cluster = 3,
  lower_epoch = 4,       ///< The caller's cluster was recovered without it.
  higher_epoch = 5,      ///< The one called belongs to what was before a recovery.
  wrong_receiver = 6,    ///< Somebody else is reached at that address.
  copied_directory = 7,  ///< Another process with the same identity is alive.
  older_boot = 8,        ///< The identity has been started again since.
  encrypt = 9,           ///< In the clear, and `encrypt` is set.
  other_datacenter = 10,
  too_many = 11,   ///< Calls or connections.
  not_ready = 12,  ///< Not yet, or no longer.
};

struct Refusal {
  RefusalCode code = RefusalCode::malformed;
  std::string sentence;  ///< For the caller's log.
  friend bool operator==(const Refusal&, const Refusal&) = default;
};

inline constexpr std::uint8_t protocol_version = 1;
inline constexpr std::size_t preamble_bytes = 8;
/// Of a hello's frame and of its answer's.
inline constexpr std::size_t hello_bytes_max = 4096;

/// Preamble and frame.
std::string encode_hello(const Hello& hello);
/// Of the first eight bytes. A refusal: another protocol or another version of it.
std::expected<Purpose, Refusal> decode_preamble(std::string_view bytes);

/// The answer that lets the caller in, with what it wants to know of the one called; and the one
/// that does not. Frames.
std::string encode_welcome(std::string_view details);
std::string encode_refusal(const Refusal& refusal);

struct HelloAnswer {
  std::optional<Refusal> refusal;
  std::string details;  ///< When not refused.
};
/// The body of the answer's frame.
Result<HelloAnswer> decode_answer(std::string_view body);

}  // namespace conclave
