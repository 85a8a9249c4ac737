// The small files and frames of the state's directory: checkpoints, `current`, the position, row
// frames. Each part is read as it stands and, because a guessed checksum never agrees, with its
// checksum put right.

#include <fmt/format.h>

#include <optional>
#include <string>

#include "base/core/assert.h"
#include "base/core/bytes.h"
#include "base/core/crc32c.h"
#include "daemon/store/checkpoint_file.h"
#include "daemon/store/environment.h"
#include "daemon/store/generation.h"
#include "daemon/store/row_frame.h"
#include "tests/fuzz/input.h"

namespace conclave::fuzz {
namespace {

/// Damaged, or what another version wrote.
bool is_refusal(const Error& error) {
  return error.code == ErrorCode::corrupt || error.code == ErrorCode::failed;
}

void check_current(std::string_view text) {
  const auto current = daemon::decode_current(text);
  if (!current) {
    CONCLAVE_ASSERT(is_refusal(current.error()));
    return;
  }
  CONCLAVE_ASSERT(daemon::decode_current(daemon::encode_current(*current)) == *current);
}

void check_position(std::string_view bytes) {
  const auto position = daemon::decode_position(bytes);
  if (!position) {
    CONCLAVE_ASSERT(position.error().code == ErrorCode::corrupt);
    return;
  }
  CONCLAVE_ASSERT(daemon::encode_position(*position) == bytes);
}

void check_meta_pages(std::string pages) {
  pages.resize(daemon::meta_pages_bytes, '\0');
  const auto meta = daemon::read_meta_pages(pages);
  if (!meta) CONCLAVE_ASSERT(is_refusal(meta.error()));
}

/// The numbers come from the input, the meta pages are long enough to be patched in a few places.
void check_checkpoint(std::string_view bytes) {
  if (const auto raw = daemon::decode_checkpoint(bytes)) {
    CONCLAVE_ASSERT(daemon::encode_checkpoint(*raw).size() == bytes.size());
  }
  Input input(bytes);
  daemon::Checkpoint checkpoint;
  checkpoint.sequence = input.below(65536);
  checkpoint.generation = input.below(65536);
  checkpoint.transaction_id = input.below(65536);
  checkpoint.applied = {.index = input.below(65536), .term = input.below(65536)};
  checkpoint.rows = input.below(65536);
  checkpoint.state_hash = input.below(65536);
  checkpoint.meta_pages.resize(daemon::meta_pages_bytes, '\0');
  const std::size_t patched_at = input.below(256);
  const std::string_view patch = input.rest().substr(0, 256);
  checkpoint.meta_pages.replace(patched_at, patch.size(), patch);
  const std::string encoded = daemon::encode_checkpoint(checkpoint);
  const auto decoded = daemon::decode_checkpoint(encoded);
  CONCLAVE_ASSERT(decoded.has_value());
  CONCLAVE_ASSERT(daemon::encode_checkpoint(*decoded) == encoded);
  check_meta_pages(checkpoint.meta_pages);
}

void check_frame(std::string_view bytes) {
  Input input(bytes);
  const std::string_view key = input.take(input.byte() % 32u);
  const std::string_view row = input.rest();
  daemon::read_frame(key, row);
  if (!daemon::fits_in_place(key, row)) return;
  std::string framed;
  daemon::frame_in_place(framed, key, row);
  const auto frame = daemon::read_frame(key, framed);
  CONCLAVE_ASSERT(frame.has_value());
  CONCLAVE_ASSERT(frame->kind == daemon::RowKind::in_place);
  CONCLAVE_ASSERT(frame->row == row);
  CONCLAVE_ASSERT_WHY(!daemon::read_frame(std::string(key) + "x", framed), "another row's key");
}

}  // namespace

void check(std::string_view bytes) {
  check_current(bytes);
  check_current(fmt::format("{} {:08x}\n", bytes, crc32c(bytes)));
  check_position(bytes);
  std::string with_crc;
  append_u32_le(with_crc, crc32c(bytes));
  check_position(with_crc.append(bytes));
  check_meta_pages(std::string(bytes));
  check_checkpoint(bytes);
  check_frame(bytes);
}

}  // namespace conclave::fuzz
