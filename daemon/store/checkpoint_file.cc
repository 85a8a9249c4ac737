#include "daemon/store/checkpoint_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>

#include "base/core/assert.h"
#include "base/core/bytes.h"
#include "base/core/crc32c.h"
#include "base/run/file.h"

namespace conclave::daemon {
namespace {

constexpr std::string_view magic = "CNCLVCKP";
constexpr std::uint32_t format_version = 1;
constexpr std::size_t covered_from = 16;

Result<std::optional<Checkpoint>> read_slot(const std::string& directory, unsigned slot) {
  const std::string path = checkpoint_path(directory, slot);
  const Result<std::string> bytes = read_file(path, 2 * checkpoint_file_bytes);
  if (bytes) return decode_checkpoint(*bytes);
  const ErrorCode code = bytes.error().code;
  if (code == ErrorCode::not_found || code == ErrorCode::too_large) return std::nullopt;
  return std::unexpected(bytes.error());
}

}  // namespace

std::string encode_checkpoint(const Checkpoint& checkpoint) {
  CONCLAVE_ASSERT(checkpoint.meta_pages.size() == meta_pages_bytes);
  std::string body;
  append_u64_le(body, checkpoint.sequence);
  append_u64_le(body, checkpoint.generation);
  append_u64_le(body, checkpoint.transaction_id);
  append_u64_le(body, checkpoint.applied.index);
  append_u64_le(body, checkpoint.applied.term);
  append_u64_le(body, checkpoint.rows);
  append_u64_le(body, checkpoint.state_hash);
  body.resize(lmdb_page_bytes - covered_from, '\0');
  body += checkpoint.meta_pages;

  std::string out(magic);
  append_u32_le(out, format_version);
  append_u32_le(out, crc32c(body));
  out += body;
  CONCLAVE_ASSERT(out.size() == checkpoint_file_bytes);
  return out;
}

std::optional<Checkpoint> decode_checkpoint(std::string_view bytes) {
  if (bytes.size() != checkpoint_file_bytes) return std::nullopt;
  ByteReader reader(bytes);
  const bool known = reader.take(magic.size()) == magic && reader.u32_le() == format_version;
  const std::uint32_t crc = reader.u32_le();
  if (!known || crc32c(reader.rest()) != crc) return std::nullopt;
  Checkpoint checkpoint;
  checkpoint.sequence = reader.u64_le();
  checkpoint.generation = reader.u64_le();
  checkpoint.transaction_id = reader.u64_le();
  checkpoint.applied.index = reader.u64_le();
  checkpoint.applied.term = reader.u64_le();
  checkpoint.rows = reader.u64_le();
  checkpoint.state_hash = reader.u64_le();
  checkpoint.meta_pages = bytes.substr(lmdb_page_bytes);
  return checkpoint;
}

std::string checkpoint_path(const std::string& directory, unsigned slot) {
  return fmt::format("{}/checkpoint.{}", directory, slot);
}

Result<void> write_checkpoint(const std::string& directory, const Checkpoint& checkpoint) {
  const std::string path = checkpoint_path(directory, slot_of(checkpoint.sequence));
  CONCLAVE_TRY_ASSIGN(const Descriptor file, open_file(path, O_WRONLY | O_CREAT));
  const std::string bytes = encode_checkpoint(checkpoint);
  const ssize_t written = ::pwrite(file.get(), bytes.data(), bytes.size(), 0);
  if (written < 0) return fail_errno("write", path, errno);
  if (static_cast<std::size_t>(written) != bytes.size()) return fail_errno("write", path, ENOSPC);
  return {};
}

Result<void> sync_checkpoint(const std::string& directory, const Checkpoint& checkpoint) {
  const std::string path = checkpoint_path(directory, slot_of(checkpoint.sequence));
  CONCLAVE_TRY_ASSIGN(const Descriptor file, open_file(path, O_WRONLY));
  if (::fdatasync(file.get()) != 0) return fail_errno("sync", path, errno);
  return {};
}

Result<CheckpointPair> read_checkpoints(const std::string& directory) {
  CONCLAVE_TRY_ASSIGN(std::optional<Checkpoint> a, read_slot(directory, 0));
  CONCLAVE_TRY_ASSIGN(std::optional<Checkpoint> b, read_slot(directory, 1));
  if (!a || (b && b->sequence > a->sequence)) std::swap(a, b);
  return CheckpointPair{std::move(a), std::move(b)};
}

}  // namespace conclave::daemon
