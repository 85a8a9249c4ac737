#include "base/net/hello.h"

#include <fmt/format.h>

#include "base/core/assert.h"
#include "base/core/bytes.h"
#include "base/net/frame.h"

namespace conclave {
namespace {

constexpr std::string_view magic = "CNCLVE";
constexpr std::size_t version_at = 6;
constexpr std::size_t purpose_at = 7;
constexpr std::size_t sentence_bytes_max = 1024;

}  // namespace

std::string encode_hello(const Hello& hello) {
  CONCLAVE_ASSERT(hello.details.size() <= hello_bytes_max);
  std::string out(magic);
  append_u8(out, protocol_version);
  append_u8(out, static_cast<std::uint8_t>(hello.purpose));
  append_frame(out, hello.details, 0);
  return out;
}

std::expected<Purpose, Refusal> decode_preamble(std::string_view bytes) {
  CONCLAVE_ASSERT(bytes.size() == preamble_bytes);
  if (!bytes.starts_with(magic)) {
    return std::unexpected(
        Refusal{RefusalCode::version, "this port speaks Conclave's protocol between servers"});
  }
  const auto version = static_cast<std::uint8_t>(bytes[version_at]);
  if (version != protocol_version) {
    return std::unexpected(
        Refusal{RefusalCode::version, fmt::format("version {} of the protocol is not spoken here; "
                                                  "version {} is",
                                                  version, protocol_version)});
  }
  const auto purpose = static_cast<std::uint8_t>(bytes[purpose_at]);
  if (purpose < 1 || purpose > static_cast<std::uint8_t>(Purpose::rpc)) {
    return std::unexpected(
        Refusal{RefusalCode::version,
                fmt::format("purpose {} is not known here; upgrade this server", purpose)});
  }
  return static_cast<Purpose>(purpose);
}

std::string encode_welcome(std::string_view details) {
  CONCLAVE_ASSERT(details.size() < hello_bytes_max);
  std::string out;
  const std::size_t begin = begin_frame(out);
  append_u8(out, 0);
  out.append(details);
  seal_frame(out, begin, 0);
  return out;
}

std::string encode_refusal(const Refusal& refusal) {
  std::string out;
  const std::size_t begin = begin_frame(out);
  append_u8(out, static_cast<std::uint8_t>(refusal.code));
  out.append(std::string_view(refusal.sentence).substr(0, sentence_bytes_max));
  seal_frame(out, begin, 0);
  return out;
}

Result<HelloAnswer> decode_answer(std::string_view body) {
  ByteReader in(body);
  const std::uint8_t code = in.u8();
  if (!in.ok()) return fail(ErrorCode::corrupt, "the answer to a hello is empty");
  std::string rest(in.rest());
  if (code == 0) return HelloAnswer{std::nullopt, std::move(rest)};
  return HelloAnswer{Refusal{static_cast<RefusalCode>(code), std::move(rest)}, ""};
}

}  // namespace conclave
