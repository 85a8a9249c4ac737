/// The snapshot format: canonical, and nothing that was cut or changed passes for one.

#include "daemon/snapshot/stream.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/core/hash.h"
#include "base/core/text.h"
#include "daemon/snapshot/snapshot_reader.h"
#include "daemon/store/memory_rows.h"
#include "tests/unit/daemon_snapshot/fixture.h"

namespace conclave::daemon {
namespace {

std::string stream_of(const MemoryRows& rows) {
  SnapshotHeader header;
  header.applied = {.index = 7, .term = 2};
  header.rows = rows.size();
  header.state_hash = rows.state_hash();
  header.configuration = "servers";
  std::string out = encode_snapshot_header(header);
  std::string block;
  rows.scan("", [&](std::string_view key, std::string_view row) {
    append_row(block, key, row);
    return true;
  });
  append_block(out, 0, block);
  append_trailer(out, 1, header.rows, header.state_hash);
  return out;
}

/// nullopt: read to its end without an error.
std::optional<Error> error_in(std::string_view bytes) {
  Descriptor file(::memfd_create("snapshot", MFD_CLOEXEC));
  EXPECT_TRUE(write_all(file.get(), bytes, "snapshot"));
  Result<SnapshotReader> reader = SnapshotReader::read(std::move(file), "snapshot");
  if (!reader) return reader.error();
  for (;;) {
    const Result<bool> more = reader->next();
    if (!more) return more.error();
    if (!*more) return std::nullopt;
  }
}

MemoryRows few_rows() {
  MemoryRows rows;
  rows.put("a", "one");
  rows.put("b", "");
  rows.put("bb", std::string(300, 'x'));
  return rows;
}

TEST(SnapshotStream, reads_back) { EXPECT_EQ(error_in(stream_of(few_rows())), std::nullopt); }

TEST(SnapshotStream, header_comes_back) {
  SnapshotHeader header{.applied = {.index = 1, .term = 2},
                        .feature_level = 3,
                        .revision = 4,
                        .rows = 5,
                        .state_hash = 6,
                        .configuration = "seven"};
  EXPECT_EQ(decode_snapshot_header(encode_snapshot_header(header)).value(), header);
}

TEST(SnapshotStream, is_refused_when_cut_anywhere) {
  const std::string bytes = stream_of(few_rows());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto error = error_in(std::string_view(bytes).substr(0, size));
    ASSERT_TRUE(error) << size;
    EXPECT_EQ(error->code, ErrorCode::corrupt) << size;
  }
}

TEST(SnapshotStream, is_refused_when_any_bit_is_another) {
  const std::string bytes = stream_of(few_rows());
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string changed = bytes;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
    const auto error = error_in(changed);
    ASSERT_TRUE(error) << bit;
    EXPECT_EQ(error->code, ErrorCode::corrupt) << bit;
  }
}

TEST(SnapshotStream, is_refused_with_something_behind_it) {
  EXPECT_TRUE(error_in(stream_of(few_rows()) + '\0'));
}

TEST(SnapshotStream, is_refused_when_rows_do_not_ascend) {
  const std::pair<const char*, const char*> pairs[] = {{"b", "a"}, {"a", "a"}};
  for (const auto& [first, second] : pairs) {
    SnapshotHeader header{.rows = 2};
    std::string block;
    append_row(block, first, "1");
    append_row(block, second, "2");
    std::string out = encode_snapshot_header(header);
    append_block(out, 0, block);
    append_trailer(out, 1, 2, 0);
    const auto error = error_in(out);
    ASSERT_TRUE(error);
    EXPECT_NE(error->message.find("ascend"), std::string::npos) << error->message;
  }
}

TEST(SnapshotStream, ids_are_sha_256) {
  EXPECT_TRUE(is_snapshot_id(encode_hex(sha256(""))));
  EXPECT_FALSE(is_snapshot_id("../../../../etc/passwd"));
  EXPECT_FALSE(is_snapshot_id(std::string(64, 'A')));
  EXPECT_FALSE(is_snapshot_id(std::string(63, 'a')));
}

}  // namespace
}  // namespace conclave::daemon
