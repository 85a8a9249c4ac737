#include "api/archive/archive_reader.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>

#include "api/archive/tar.h"
#include "base/core/assert.h"
#include "base/core/text.h"

namespace conclave::api {
namespace {

constexpr int window_bits_gzip = 15 + 16;
constexpr std::size_t piece_bytes = 64 << 10;
constexpr std::uint64_t meta_bytes_max = 1 << 20;
constexpr std::uint64_t sums_bytes_max = 64 << 10;
constexpr std::uint64_t extended_bytes_max = 64 << 10;
constexpr std::string_view names[] = {"meta.json", "state.bin", "SHA256SUMS"};
constexpr unsigned entries_max = std::size(names);

std::unexpected<Error> refused(std::string_view what) {
  return fail(ErrorCode::bad_request, fmt::format("the snapshot archive {}", what));
}

bool lists(std::string_view sums, std::string_view digest, std::string_view name) {
  const std::string line = fmt::format("{}  {}\n", encode_hex(digest), name);
  return sums.starts_with(line) || sums.find("\n" + line) != std::string_view::npos;
}

}  // namespace

struct ArchiveReader::Inflate {
  Inflate() {
    const int code = ::inflateInit2(&stream, window_bits_gzip);
    CONCLAVE_ASSERT(code == Z_OK);
  }
  ~Inflate() { ::inflateEnd(&stream); }
  Inflate(const Inflate&) = delete;
  Inflate& operator=(const Inflate&) = delete;
  z_stream stream{};
};

ArchiveReader::ArchiveReader(ArchiveLimits limits, Sink state)
    : limits_(limits), state_(std::move(state)), inflate_(std::make_unique<Inflate>()) {}

ArchiveReader::~ArchiveReader() = default;

Result<void> ArchiveReader::feed(std::string_view bytes) {
  if (bytes.empty()) return {};
  bytes_in_ += bytes.size();
  if (compressed_ended_) return refused("has something behind its end");
  std::string piece(piece_bytes, '\0');
  z_stream& stream = inflate_->stream;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  do {
    stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream.avail_out = static_cast<uInt>(piece.size());
    const int code = ::inflate(&stream, Z_NO_FLUSH);
    if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR) {
      return refused("is not gzip-compressed, or damaged");
    }
    const std::size_t count = piece.size() - stream.avail_out;
    bytes_out_ += count;
    CONCLAVE_TRY(check_ratio());
    CONCLAVE_TRY(take(std::string_view(piece).substr(0, count)));
    if (code == Z_STREAM_END) {
      compressed_ended_ = true;
      if (stream.avail_in > 0) return refused("has something behind its end");
    }
    if (code == Z_BUF_ERROR) break;
  } while (!compressed_ended_ && (stream.avail_in > 0 || stream.avail_out == 0));
  return {};
}

Result<void> ArchiveReader::check_ratio() const {
  if (bytes_out_ <= limits_.ratio_free_bytes || bytes_out_ / limits_.ratio_max <= bytes_in_) {
    return {};
  }
  return fail(
      ErrorCode::too_large,
      fmt::format("the snapshot archive grows to more than {} times its size", limits_.ratio_max));
}

Result<void> ArchiveReader::take(std::string_view bytes) {
  while (!bytes.empty()) {
    CONCLAVE_TRY_ASSIGN(const std::size_t used, take_some(bytes));
    bytes.remove_prefix(used);
  }
  return {};
}

Result<std::size_t> ArchiveReader::take_some(std::string_view bytes) {
  if (part_ == Part::end) {  // Tar files may be filled up with zeros.
    if (bytes.find_first_not_of('\0') != std::string_view::npos) {
      return refused("has something behind its end");
    }
    return bytes.size();
  }
  if (part_ == Part::header) {
    const std::size_t count = std::min(bytes.size(), tar_block_bytes - header_.size());
    header_.append(bytes.substr(0, count));
    if (header_.size() == tar_block_bytes) CONCLAVE_TRY(begin_entry());
    return count;
  }
  const std::size_t count = std::min<std::uint64_t>(bytes.size(), left_);
  const std::string_view taken = bytes.substr(0, count);
  if (part_ == Part::meta) meta_json_ += taken;
  if (part_ == Part::sums) sums_ += taken;
  if (part_ == Part::state) {
    state_digest_.add(taken);
    state_bytes_ += taken.size();
    CONCLAVE_TRY(state_(taken));
  }
  left_ -= count;
  if (left_ == 0) end_entry();
  return count;
}

Result<void> ArchiveReader::begin_entry() {
  const std::optional<TarEntry> entry = decode_tar_header(header_);
  header_.clear();
  if (!entry) return refused("is damaged: a header's checksum does not agree");
  if (entry->is_end) {
    part_ = Part::end;
    return {};
  }
  left_ = entry->size;
  padding_ = tar_padding(entry->size);
  if (entry->is_extended) {
    if (entry->size > extended_bytes_max) return refused("has a header that is too long");
    part_ = Part::skipped;
  } else {
    const bool expected =
        entry->is_file && entries_ < entries_max && entry->name == names[entries_];
    if (!expected) {
      return refused(
          "does not hold meta.json, state.bin and SHA256SUMS, in this order and no more");
    }
    const std::uint64_t limits[] = {meta_bytes_max, limits_.state_bytes_max, sums_bytes_max};
    const Part parts[] = {Part::meta, Part::state, Part::sums};
    if (entry->size > limits[entries_]) {
      return fail(ErrorCode::too_large, fmt::format("{} in the snapshot archive has {} bytes, {} "
                                                    "are allowed",
                                                    entry->name, entry->size, limits[entries_]));
    }
    part_ = parts[entries_++];
  }
  if (left_ == 0) end_entry();
  return {};
}

void ArchiveReader::end_entry() {
  if (part_ != Part::padding && padding_ > 0) {
    part_ = Part::padding;
    left_ = std::exchange(padding_, 0);
  } else {
    part_ = Part::header;
  }
}

Result<ArchiveMeta> ArchiveReader::finish() {
  const bool whole = compressed_ended_ && part_ == Part::end && entries_ == entries_max;
  if (!whole) return refused("ends too early");
  const bool right = lists(sums_, sha256(meta_json_), "meta.json") &&
                     lists(sums_, state_digest_.finish(), "state.bin");
  if (!right) return refused("is damaged: its sums do not agree");
  Result<ArchiveMeta> meta = decode_archive_meta(meta_json_);
  if (!meta) return refused("has a meta.json that cannot be read");
  if (meta->size != state_bytes_) return refused("has a meta.json of another state");
  return meta;
}

}  // namespace conclave::api
