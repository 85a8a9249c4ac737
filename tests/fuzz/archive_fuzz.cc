// A snapshot archive. The first byte 0: the rest is an archive as it stands. Otherwise the rest is
// a tar file that is compressed here, so that the fuzzer does not have to. What is accepted has the
// size that its meta.json says, and never more than the limit has come out of it.

#include <zlib.h>

#include <string>

#include "api/archive/archive_reader.h"
#include "base/core/assert.h"
#include "tests/fuzz/input.h"

namespace conclave::fuzz {
namespace {

constexpr std::uint64_t state_bytes_max = 1 << 16;

std::string compressed(std::string_view bytes) {
  z_stream stream{};
  CONCLAVE_ASSERT(deflateInit2(&stream, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  CONCLAVE_ASSERT(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

}  // namespace

void check(std::string_view bytes) {
  Input input(bytes);
  const bool raw = input.byte() == 0;
  const std::size_t piece = 1 + input.below(5000);
  const std::string archive = raw ? std::string(input.rest()) : compressed(input.rest());
  std::uint64_t state_bytes = 0;
  api::ArchiveReader reader({.state_bytes_max = state_bytes_max}, [&](std::string_view taken) {
    state_bytes += taken.size();
    CONCLAVE_ASSERT(state_bytes <= state_bytes_max);
    return Result<void>{};
  });
  for (std::size_t at = 0; at < archive.size(); at += piece) {
    if (!reader.feed(std::string_view(archive).substr(at, piece))) return;
  }
  const auto meta = reader.finish();
  if (meta) CONCLAVE_ASSERT(meta->size == state_bytes);
}

}  // namespace conclave::fuzz
