#include "daemon/members/bootstrap_file.h"

#include <tuple>

#include "api/model/record.h"
#include "base/core/bytes.h"
#include "base/core/crc32c.h"
#include "base/run/file.h"

namespace conclave::daemon {
namespace {

constexpr std::string_view magic = "CNCLVBST";
constexpr std::uint32_t version = 1;
constexpr std::size_t file_bytes_max = 256 << 10;

struct PromiseRecord {
  api::Bytes incarnation;
  std::optional<BootstrapProposal> accepted;

  static constexpr auto fields() {
    return std::tuple{api::field(1, "Incarnation", &PromiseRecord::incarnation),
                      api::field(2, "Accepted", &PromiseRecord::accepted)};
  }
};

}  // namespace

std::string encode_promise(const BootstrapPromise& promise) {
  const std::string record =
      api::encode_record(PromiseRecord{id_bytes(promise.incarnation), promise.accepted});
  std::string bytes(magic);
  append_u32_le(bytes, version);
  append_u32_le(bytes, crc32c(record));
  return bytes + record;
}

Result<BootstrapPromise> decode_promise(std::string_view bytes) {
  ByteReader in(bytes);
  const bool is_ours = in.take(magic.size()) == magic && in.u32_le() == version;
  const std::uint32_t crc = in.u32_le();
  if (!is_ours || !in.ok() || crc32c(in.rest()) != crc) {
    return fail(ErrorCode::corrupt, "it was damaged, or written by a later version");
  }
  CONCLAVE_TRY_ASSIGN(PromiseRecord record, api::decode_record<PromiseRecord>(in.rest()));
  if (record.incarnation.data.size() != raft::Incarnation{}.size()) {
    return fail(ErrorCode::corrupt, "it names no incarnation");
  }
  return BootstrapPromise{id_from(record.incarnation), std::move(record.accepted)};
}

Result<std::optional<BootstrapPromise>> read_promise(const std::string& path) {
  if (!path_exists(path)) return std::nullopt;
  CONCLAVE_TRY_ASSIGN(const std::string bytes, read_file(path, file_bytes_max));
  auto promise = decode_promise(bytes);
  if (!promise) {
    return fail(promise.error().code,
                path + " cannot be read, " + promise.error().message +
                    ": it may hold this server's word to found a cluster; start with an empty "
                    "data directory instead");
  }
  return std::optional(std::move(*promise));
}

Result<void> write_promise(const std::string& path, const BootstrapPromise& promise) {
  CONCLAVE_TRY(make_directories(path.substr(0, path.rfind('/'))));
  return write_file_atomically(path, encode_promise(promise));
}

}  // namespace conclave::daemon
