/// Snapshot archives: what is written is read; nothing that was cut, changed or made to harm is.

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <zlib.h>

#include "api/archive/archive_reader.h"
#include "api/archive/archive_writer.h"
#include "api/archive/tar.h"
#include "base/core/hash.h"
#include "base/core/rng.h"
#include "base/core/text.h"

namespace conclave::api {
namespace {

std::string random_state(std::size_t size) {
  Rng rng(size);
  std::string state(size, '\0');
  for (char& byte : state) byte = static_cast<char>(rng.below(256));
  return state;
}

std::string archive_of(const std::string& state) {
  Descriptor file(::memfd_create("state", MFD_CLOEXEC));
  EXPECT_TRUE(write_all(file.get(), state, "state"));
  ArchiveMeta meta;
  meta.id = encode_hex(sha256(state));
  meta.index = 7;
  meta.term = 2;
  meta.size = state.size();
  meta.configuration.servers.push_back({.suffrage = 0, .id = "a", .address = "127.0.0.1:8300"});
  ArchiveWriter writer(meta, std::move(file), 1'700'000'000);
  std::string out;
  for (;;) {
    const Result<std::string> piece = writer.next();
    EXPECT_TRUE(piece);
    if (!piece || piece->empty()) return out;
    out += *piece;
  }
}

struct Read {
  std::string state;
  Result<ArchiveMeta> meta;
};

Read read(std::string_view archive, std::size_t piece = 1000, ArchiveLimits limits = {}) {
  Read result{.state = {}, .meta = ArchiveMeta{}};
  ArchiveReader reader(limits, [&](std::string_view bytes) {
    result.state += bytes;
    return Result<void>{};
  });
  for (std::size_t at = 0; at < archive.size(); at += piece) {
    if (const Result<void> fed = reader.feed(archive.substr(at, piece)); !fed) {
      result.meta = std::unexpected(fed.error());
      return result;
    }
  }
  result.meta = reader.finish();
  return result;
}

std::string gzip_of(std::string_view bytes) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string tar_file(std::string_view name, std::string bytes) {
  const std::string head = encode_tar_header(name, bytes.size(), 0);
  bytes.append(tar_padding(bytes.size()), '\0');
  return head + bytes;
}

const std::string tar_end(2 * tar_block_bytes, '\0');

TEST(Archive, comes_back_whole_however_it_arrives) {
  for (const std::size_t size : {0u, 1u, 511u, 512u, 513u, 100'000u}) {
    const std::string state = random_state(size);
    const std::string archive = archive_of(state);
    for (const std::size_t piece : {1u, 700u, 1'000'000u}) {
      if (piece == 1 && size > 1000) continue;
      const Read got = read(archive, piece);
      ASSERT_TRUE(got.meta) << size << ": " << got.meta.error().message;
      EXPECT_EQ(got.state, state);
      EXPECT_EQ(got.meta->id, encode_hex(sha256(state)));
      EXPECT_EQ(got.meta->index, 7u);
      EXPECT_EQ(got.meta->size, size);
      EXPECT_EQ(got.meta->configuration.servers.at(0).address, "127.0.0.1:8300");
    }
  }
}

TEST(Archive, is_refused_when_cut_anywhere) {
  const std::string archive = archive_of(random_state(300));
  for (std::size_t size = 0; size < archive.size(); ++size) {
    EXPECT_FALSE(read(std::string_view(archive).substr(0, size)).meta) << size;
  }
}

TEST(Archive, is_refused_with_something_behind_it) {
  EXPECT_FALSE(read(archive_of("state") + "x").meta);
}

TEST(Archive, is_refused_when_its_contents_were_changed) {
  const std::string meta = encode_archive_meta({.size = 5});
  const auto with_sums = [&](const std::string& sums) {
    return read(gzip_of(tar_file("meta.json", meta) + tar_file("state.bin", "state") +
                        tar_file("SHA256SUMS", sums) + tar_end));
  };
  const std::string meta_line = encode_hex(sha256(meta)) + "  meta.json\n";
  const std::string state_line = encode_hex(sha256("state")) + "  state.bin\n";
  EXPECT_TRUE(with_sums(meta_line + state_line).meta);
  EXPECT_FALSE(with_sums(meta_line).meta);
  EXPECT_FALSE(with_sums(state_line).meta);
  EXPECT_FALSE(with_sums(meta_line + encode_hex(sha256("other")) + "  state.bin\n").meta);
}

TEST(Archive, takes_the_three_files_and_nothing_else) {
  for (const char* name : {"../../etc/passwd", "/etc/passwd", "state.bin", "SHA256SUMS", ""}) {
    const Read got = read(gzip_of(tar_file(name, "x") + tar_end));
    ASSERT_FALSE(got.meta) << name;
    EXPECT_EQ(got.meta.error().code, ErrorCode::bad_request);
  }
  std::string link = encode_tar_header("meta.json", 0, 0);
  link[156] = '2';
  EXPECT_FALSE(read(gzip_of(link + tar_end)).meta);
}

TEST(Archive, is_refused_before_too_much_is_written) {
  const std::string archive = archive_of(random_state(5000));
  const Read got = read(archive, 1000, {.state_bytes_max = 4000});
  ASSERT_FALSE(got.meta);
  EXPECT_EQ(got.meta.error().code, ErrorCode::too_large);
  EXPECT_EQ(got.state, "");
}

TEST(Archive, that_grows_out_of_all_proportion_is_refused) {
  const std::string archive = archive_of(std::string(8 << 20, '\0'));
  EXPECT_TRUE(read(archive).meta);
  const Read got = read(archive, 100, {.ratio_max = 50, .ratio_free_bytes = 1 << 20});
  ASSERT_FALSE(got.meta);
  EXPECT_EQ(got.meta.error().code, ErrorCode::too_large);
  EXPECT_LT(got.state.size(), 2u << 20);
}

TEST(Archive, is_refused_when_it_is_not_compressed) {
  EXPECT_FALSE(read(tar_file("meta.json", "{}")).meta);
  EXPECT_FALSE(read("").meta);
}

TEST(TarHeader, sizes_of_every_magnitude_come_back) {
  for (const std::uint64_t size : {0ull, 1ull, (1ull << 33) - 1, 1ull << 33, 1ull << 40}) {
    const auto entry = decode_tar_header(encode_tar_header("state.bin", size, 0));
    ASSERT_TRUE(entry) << size;
    EXPECT_EQ(entry->size, size);
    EXPECT_EQ(entry->name, "state.bin");
    EXPECT_TRUE(entry->is_file);
  }
}

TEST(TarHeader, with_any_byte_changed_is_none) {
  const std::string header = encode_tar_header("state.bin", 1000, 1'700'000'000);
  constexpr std::size_t behind_checksum = 155;  // Its filler, in which tar programs differ.
  for (std::size_t at = 0; at < header.size(); ++at) {
    if (at == behind_checksum) continue;
    std::string changed = header;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    EXPECT_FALSE(decode_tar_header(changed)) << at;
  }
}

}  // namespace
}  // namespace conclave::api
