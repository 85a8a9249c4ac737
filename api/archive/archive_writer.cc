#include "api/archive/archive_writer.h"

#include <fmt/format.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>

#include "api/archive/tar.h"
#include "base/core/assert.h"
#include "base/core/text.h"

namespace conclave::api {
namespace {

/// Compressed in well under a millisecond: the loop that sends it serves others too.
constexpr std::size_t piece_bytes = 32 << 10;
constexpr int window_bits_gzip = 15 + 16;
constexpr int memory_level = 8;

std::string padded(std::string bytes) {
  bytes.append(tar_padding(bytes.size()), '\0');
  return bytes;
}

}  // namespace

struct ArchiveWriter::Deflate {
  Deflate() {
    const int code = ::deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, window_bits_gzip,
                                    memory_level, Z_DEFAULT_STRATEGY);
    CONCLAVE_ASSERT(code == Z_OK);
  }
  ~Deflate() { ::deflateEnd(&stream); }
  Deflate(const Deflate&) = delete;
  Deflate& operator=(const Deflate&) = delete;
  z_stream stream{};
};

ArchiveWriter::ArchiveWriter(ArchiveMeta meta, Descriptor state, std::int64_t unix_seconds)
    : meta_(std::move(meta)),
      meta_json_(encode_archive_meta(meta_)),
      state_(std::move(state)),
      unix_seconds_(unix_seconds),
      deflate_(std::make_unique<Deflate>()) {}

ArchiveWriter::~ArchiveWriter() = default;

Result<std::string> ArchiveWriter::next() {
  std::string out;
  while (out.empty() && part_ != Part::done) {
    switch (part_) {
      case Part::head:
        out = compress(encode_tar_header("meta.json", meta_json_.size(), unix_seconds_) +
                           padded(meta_json_) +
                           encode_tar_header("state.bin", meta_.size, unix_seconds_),
                       false);
        part_ = Part::state;
        break;
      case Part::state: {
        CONCLAVE_TRY_ASSIGN(const std::string bytes, read_state());
        out = compress(bytes, false);
        if (state_at_ == meta_.size) part_ = Part::tail;
        break;
      }
      case Part::tail:
        out = compress(end_of_tar(), true);
        part_ = Part::done;
        break;
      case Part::done:
        break;
    }
  }
  return out;
}

Result<std::string> ArchiveWriter::read_state() {
  std::string bytes(std::min<std::uint64_t>(piece_bytes, meta_.size - state_at_), '\0');
  if (bytes.empty()) return bytes;
  const ssize_t got =
      ::pread(state_.get(), bytes.data(), bytes.size(), static_cast<off_t>(state_at_));
  if (got < 0 && errno == EINTR) return std::string();
  if (got < 0) return fail_errno("read", "the snapshot", errno);
  if (got == 0) return fail(ErrorCode::corrupt, "the snapshot ends before its size");
  bytes.resize(static_cast<std::size_t>(got));
  state_at_ += bytes.size();
  state_digest_.add(bytes);
  return bytes;
}

std::string ArchiveWriter::end_of_tar() {
  const std::string sums =
      fmt::format("{}  meta.json\n{}  state.bin\n", encode_hex(sha256(meta_json_)),
                  encode_hex(state_digest_.finish()));
  std::string out(tar_padding(meta_.size), '\0');
  out += encode_tar_header("SHA256SUMS", sums.size(), unix_seconds_) + padded(sums);
  out.append(2 * tar_block_bytes, '\0');
  return out;
}

std::string ArchiveWriter::compress(std::string_view bytes, bool last) {
  z_stream& stream = deflate_->stream;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::string out;
  for (;;) {
    const std::size_t before = out.size();
    out.resize(before + piece_bytes);
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + before);
    stream.avail_out = static_cast<uInt>(piece_bytes);
    const int code = ::deflate(&stream, last ? Z_FINISH : Z_NO_FLUSH);
    CONCLAVE_ASSERT(code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR);
    out.resize(out.size() - stream.avail_out);
    const bool done = last ? code == Z_STREAM_END : stream.avail_in == 0 && stream.avail_out != 0;
    if (done) return out;
  }
}

}  // namespace conclave::api
