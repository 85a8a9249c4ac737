// A snapshot file. The first byte 0: the rest is a file as it stands. Otherwise the rest is a
// script of rows that are put together with true checksums. What the reader accepts is canonical:
// written again from its rows it is the same bytes; and looking at it for a restore ends one way or
// the other.

#include <sys/mman.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "base/core/assert.h"
#include "base/run/file.h"
#include "daemon/snapshot/restamped_rows.h"
#include "daemon/snapshot/snapshot_reader.h"
#include "daemon/store/row_frame.h"
#include "tests/fuzz/input.h"

namespace conclave::fuzz {
namespace {

using namespace daemon;  // NOLINT: a target is one file

constexpr int rows_max = 64;

Result<SnapshotReader> open_bytes(std::string_view bytes) {
  Descriptor file(::memfd_create("snapshot", MFD_CLOEXEC));
  CONCLAVE_ASSERT(write_all(file.get(), bytes, "snapshot").has_value());
  return SnapshotReader::read(std::move(file), "snapshot");
}

std::string from_script(Input& input) {
  SnapshotHeader header;
  header.applied = {.index = input.byte(), .term = input.byte()};
  header.configuration = input.take(input.below(20));
  std::string block;
  for (int i = 0; i < rows_max && !input.at_end(); ++i) {
    const std::string key(input.take(1 + input.below(30)));
    const std::string row(input.take(input.below(200)));
    append_row(block, key, row);
    header.rows += 1;
    header.state_hash += row_hash(key, row);
  }
  std::string out = encode_snapshot_header(header);
  if (!block.empty()) append_block(out, 0, block);
  append_trailer(out, block.empty() ? 0 : 1, header.rows, header.state_hash);
  return out;
}

void expect_canonical(std::string_view bytes) {
  auto reader = open_bytes(bytes);
  if (!reader) return;
  std::string out = encode_snapshot_header(reader->header());
  std::string block;
  std::uint64_t number = 0;
  bool canonical_blocks = true;
  for (;;) {
    const auto more = reader->next();
    if (!more) return;
    if (!*more) break;
    append_row(block, reader->key(), reader->row());
    if (block.size() >= block_bytes) append_block(out, number++, std::exchange(block, {}));
  }
  if (!block.empty()) append_block(out, number++, block);
  append_trailer(out, number, reader->header().rows, reader->header().state_hash);
  canonical_blocks = out.size() == bytes.size();
  // Rows may be cut into blocks in another way, which nobody but us writes; then sizes differ.
  CONCLAVE_ASSERT(!canonical_blocks || out == bytes);
}

void look_for_a_restore(std::string_view bytes) {
  auto reader = open_bytes(bytes);
  if (!reader) return;
  RestampedRows rows(std::make_unique<SnapshotReader>(std::move(*reader)), {});
  for (;;) {
    const auto more = rows.next();
    if (!more) {
      CONCLAVE_ASSERT(!more.error().message.empty());
      return;
    }
    if (!*more) return;
  }
}

}  // namespace

void check(std::string_view bytes) {
  Input input(bytes);
  const std::string file = input.byte() == 0 ? std::string(input.rest()) : from_script(input);
  expect_canonical(file);
  look_for_a_restore(file);
}

}  // namespace conclave::fuzz
