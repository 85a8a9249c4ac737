#include "daemon/store/environment.h"

#include <fmt/format.h>
#include <lmdb.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "base/core/assert.h"
#include "base/core/bytes.h"
#include "base/core/crc32c.h"
#include "base/run/file.h"
#include "base/run/log.h"

namespace conclave::daemon {
namespace {

/// LMDB 0.9's MDB_meta, which follows a page header of 16 bytes, on a 64-bit machine.
constexpr std::uint32_t meta_magic = 0xBEEFC0DE;
constexpr std::uint32_t meta_version = 1;
constexpr std::size_t magic_at = 16;
constexpr std::size_t version_at = 20;
constexpr std::size_t page_size_at = 40;
constexpr std::size_t last_page_at = 136;
constexpr std::size_t transaction_id_at = 144;

}  // namespace

std::string encode_position(const Position& position) {
  std::string body;
  append_u64_le(body, position.applied.index);
  append_u64_le(body, position.applied.term);
  append_u64_le(body, position.rows);
  append_u64_le(body, position.state_hash);
  append_u64_le(body, position.next_chunk_id);
  std::string out;
  append_u32_le(out, crc32c(body));
  return out + body;
}

Result<Position> decode_position(std::string_view bytes) {
  ByteReader reader(bytes);
  const std::uint32_t crc = reader.u32_le();
  const bool intact = reader.ok() && crc32c(reader.rest()) == crc;
  Position position;
  position.applied.index = reader.u64_le();
  position.applied.term = reader.u64_le();
  position.rows = reader.u64_le();
  position.state_hash = reader.u64_le();
  position.next_chunk_id = reader.u64_le();
  if (!intact || !reader.ok() || !reader.at_end()) {
    return fail(ErrorCode::corrupt, "the row that holds the applied position is damaged");
  }
  return position;
}

Result<MetaPages> read_meta_pages(std::string_view pages) {
  CONCLAVE_ASSERT(pages.size() == meta_pages_bytes);
  MetaPages result;
  for (const std::size_t at : {std::size_t{0}, lmdb_page_bytes}) {
    const char* page = pages.data() + at;
    if (load_u32_le(page + magic_at) != meta_magic) {
      return fail(ErrorCode::corrupt, "data.mdb is not an LMDB file");
    }
    if (load_u32_le(page + version_at) != meta_version) {
      return fail(ErrorCode::failed,
                  fmt::format("data.mdb has LMDB format version {}, this server knows {} only",
                              load_u32_le(page + version_at), meta_version));
    }
    if (load_u32_le(page + page_size_at) != lmdb_page_bytes) {
      return fail(ErrorCode::failed,
                  fmt::format("data.mdb has pages of {} bytes, this server knows {} only",
                              load_u32_le(page + page_size_at), lmdb_page_bytes));
    }
    const std::uint64_t id = load_u64_le(page + transaction_id_at);
    if (id >= result.transaction_id) {
      result = {.transaction_id = id, .last_page = load_u64_le(page + last_page_at)};
    }
  }
  return result;
}

std::unexpected<Error> fail_lmdb(std::string_view doing, std::string_view directory, int code) {
  const bool damaged = code == MDB_CORRUPTED || code == MDB_PAGE_NOTFOUND || code == MDB_INVALID;
  return fail(damaged ? ErrorCode::corrupt : ErrorCode::io,
              fmt::format("{} in {}: {}", doing, directory, mdb_strerror(code)));
}

Result<std::shared_ptr<Environment>> Environment::open(const std::string& directory,
                                                       const StoreOptions& options) {
  std::shared_ptr<Environment> result(new Environment(directory));
  CONCLAVE_TRY(result->open_file(options, options.sync_full ? 0u : unsigned{MDB_NOSYNC}));
  CONCLAVE_TRY(result->open_databases(false));
  return result;
}

Result<std::shared_ptr<Environment>> Environment::create(const std::string& directory,
                                                         const StoreOptions& options) {
  std::shared_ptr<Environment> result(new Environment(directory));
  CONCLAVE_TRY(result->open_file(options, options.sync_full ? 0u : unsigned{MDB_NOSYNC}));
  CONCLAVE_TRY(result->open_databases(true));
  CONCLAVE_TRY(result->sync());
  return result;
}

Result<void> Environment::open_file(const StoreOptions& options, unsigned more_flags) {
  if (const int code = mdb_env_create(&env_); code != 0) {
    return fail_lmdb("create an LMDB environment", directory_, code);
  }
  mdb_env_set_mapsize(env_, options.map_bytes);
  mdb_env_set_maxreaders(env_, options.readers_max);
  mdb_env_set_maxdbs(env_, 3);
  // Never MDB_WRITEMAP: a full disk would be a SIGBUS, and a stray pointer a damaged database.
  if (const int code = mdb_env_open(env_, directory_.c_str(), MDB_NOTLS | more_flags, 0600);
      code != 0) {
    return fail_lmdb("open data.mdb", directory_, code);
  }
  return {};
}

Result<void> Environment::open_databases(bool create) {
  MDB_txn* txn = nullptr;
  if (const int code = mdb_txn_begin(env_, nullptr, create ? 0 : MDB_RDONLY, &txn); code != 0) {
    return fail_lmdb("begin a transaction", directory_, code);
  }
  const unsigned flags = create ? MDB_CREATE : 0;
  int code = mdb_dbi_open(txn, "rows", flags, &rows_);
  if (code == 0) code = mdb_dbi_open(txn, "chunks", flags, &chunks_);
  if (code == 0) code = mdb_dbi_open(txn, "meta", flags, &meta_);
  if (code == 0 && create) {
    std::string position = encode_position({});
    MDB_val key{8, const_cast<char*>("position")};
    MDB_val value{position.size(), position.data()};
    code = mdb_put(txn, meta_, &key, &value, 0);
  }
  if (code != 0) {
    mdb_txn_abort(txn);
    return fail_lmdb("open the databases rows, chunks and meta", directory_, code);
  }
  if (code = mdb_txn_commit(txn); code != 0) return fail_lmdb("commit", directory_, code);
  return {};
}

Environment::~Environment() {
  if (env_ != nullptr) mdb_env_close(env_);
  if (!remove_at_end_) return;
  std::error_code error;
  std::filesystem::remove_all(directory_, error);
  // The next start removes what is left.
  if (error) log_warn("store", "remove the old generation {}: {}", directory_, error.message());
}

int Environment::data_descriptor() const {
  int fd = -1;
  mdb_env_get_fd(env_, &fd);
  return fd;
}

MDB_txn* Environment::begin_read() const {
  MDB_txn* txn = nullptr;
  if (const int code = mdb_txn_begin(env_, nullptr, MDB_RDONLY, &txn); code != 0) {
    die("store", fail_lmdb("begin a read transaction", directory_, code).error().message);
  }
  return txn;
}

std::string Environment::copy_meta_pages() const {
  std::string pages(meta_pages_bytes, '\0');
  if (::pread(data_descriptor(), pages.data(), pages.size(), 0) !=
      static_cast<ssize_t>(pages.size())) {
    die("store",
        fmt::format("read the meta pages of {}/data.mdb: {}", directory_, std::strerror(errno)));
  }
  return pages;
}

Result<void> Environment::extend_to_last_page() const {
  MDB_envinfo info{};
  mdb_env_info(env_, &info);
  const auto needed = static_cast<off_t>((info.me_last_pgno + 1) * lmdb_page_bytes);
  struct stat status{};
  const bool failed = ::fstat(data_descriptor(), &status) != 0 ||
                      (status.st_size < needed && ::ftruncate(data_descriptor(), needed) != 0);
  if (failed) return fail_errno("extend", directory_ + "/data.mdb", errno);
  return {};
}

Result<void> Environment::sync() const {
  CONCLAVE_TRY(extend_to_last_page());
  if (const int code = mdb_env_sync(env_, 1); code != 0) {
    return fail_lmdb("sync data.mdb", directory_, code);
  }
  return {};
}

}  // namespace conclave::daemon
