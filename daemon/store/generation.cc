#include "daemon/store/generation.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <lmdb.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "base/core/assert.h"
#include "base/core/bytes.h"
#include "base/core/crc32c.h"
#include "base/core/text.h"
#include "base/run/file.h"
#include "base/run/log.h"
#include "daemon/store/checkpoint_file.h"
#include "daemon/store/lmdb_rows.h"
#include "daemon/store/origin.h"
#include "daemon/store/page_walk.h"

namespace conclave::daemon {
namespace {

constexpr std::string_view rebuild_advice =
    "this server's state must be rebuilt: stop it, move its data directory away, and start it "
    "again with a snapshot or "
    "with other servers to learn from";

std::string crc_text(std::string_view text) { return fmt::format("{:08x}", crc32c(text)); }

Result<void> write_current(const std::string& directory, const CurrentGeneration& current) {
  return write_file_atomically(directory + "/current", encode_current(current));
}

SyncMode wanted_mode(const StoreOptions& options) {
  return options.sync_full ? SyncMode::full : SyncMode::checkpoint;
}

Position read_position(const Environment& environment) {
  MDB_txn* txn = environment.begin_read();
  const Position position = RowReading(environment, txn).position();
  mdb_txn_abort(txn);
  return position;
}

/// `current` is the last thing that is written when a generation is made, so without it there is
/// none; unless somebody removed it.
Result<void> check_nothing_is_lost(const std::string& directory) {
  CONCLAVE_TRY_ASSIGN(const std::vector<std::string> names, list_directory(directory));
  for (const std::string& name : names) {
    if (!std::filesystem::is_directory(directory + "/" + name)) continue;
    CONCLAVE_TRY_ASSIGN(const CheckpointPair pair, read_checkpoints(directory + "/" + name));
    if (pair.newest && pair.newest->applied.index > 0) {
      return fail(
          ErrorCode::corrupt,
          fmt::format("{}/current is missing, although {}/{} holds the state up to index "
                      "{}; restore that file, or {}",
                      directory, directory, name, pair.newest->applied.index, rebuild_advice));
    }
  }
  return {};
}

Result<void> remove_other_generations(const std::string& directory, std::uint64_t keep) {
  CONCLAVE_TRY_ASSIGN(const std::vector<std::string> names, list_directory(directory));
  for (const std::string& name : names) {
    const std::string path = directory + "/" + name;
    if (!std::filesystem::is_directory(path) || path == generation_directory(directory, keep)) {
      continue;
    }
    std::error_code error;
    std::filesystem::remove_all(path, error);
    if (error) return fail_errno("remove the old generation", path, error.value());
  }
  return {};
}

Result<void> create_first_generation(const StoreOptions& options) {
  CONCLAVE_TRY(check_nothing_is_lost(options.directory));
  CONCLAVE_TRY(remove_other_generations(options.directory, 0));
  constexpr std::uint64_t first = 1;
  const std::string directory = generation_directory(options.directory, first);
  CONCLAVE_TRY(make_directories(directory));
  CONCLAVE_TRY_ASSIGN(const std::shared_ptr<Environment> environment,
                      Environment::create(directory, options));
  CONCLAVE_TRY(write_both_checkpoints(*environment, first, {}, 0));
  return publish_generation(options, first);
}

/// Refuses a data.mdb that this server does not know before anything is written into it.
Result<void> check_data_file(const std::string& path, int file, const MetaPages& expected) {
  std::string pages(meta_pages_bytes, '\0');
  const ssize_t got = ::pread(file, pages.data(), pages.size(), 0);
  if (got < 0) return fail_errno("read", path, errno);
  const auto size = static_cast<std::uint64_t>(::lseek(file, 0, SEEK_END));
  if (size < (expected.last_page + 1) * lmdb_page_bytes) {
    return fail(ErrorCode::corrupt,
                fmt::format("{} has {} bytes, its checkpoint needs {}; {}", path, size,
                            (expected.last_page + 1) * lmdb_page_bytes, rebuild_advice));
  }
  if (Result<MetaPages> found = read_meta_pages(pages); !found) return fail(path, found.error());
  return {};
}

/// The first two steps of every start.
Result<void> put_meta_pages_back(const std::string& directory, const Checkpoint& checkpoint) {
  const std::string path = directory + "/data.mdb";
  CONCLAVE_TRY_ASSIGN(const MetaPages meta, read_meta_pages(checkpoint.meta_pages));
  CONCLAVE_TRY_ASSIGN(const Descriptor file, open_file(path, O_RDWR));
  CONCLAVE_TRY(check_data_file(path, file.get(), meta));
  const ssize_t written = ::pwrite(file.get(), checkpoint.meta_pages.data(), meta_pages_bytes, 0);
  if (written != static_cast<ssize_t>(meta_pages_bytes)) {
    return fail_errno("put the checkpoint's meta pages back into", path,
                      written < 0 ? errno : ENOSPC);
  }
  if (::fsync(file.get()) != 0) return fail_errno("sync", path, errno);
  return {};
}

/// The checkpoint to start from.
struct Choice {
  Checkpoint checkpoint;
  bool must_verify =
      false;  ///< The newer one was unreadable: what this one pins may have been let go.
};

Result<Choice> choose_checkpoint(const std::string& directory, std::uint64_t generation) {
  CONCLAVE_TRY_ASSIGN(CheckpointPair pair, read_checkpoints(directory));
  if (!pair.newest) {
    return fail(ErrorCode::corrupt, fmt::format("neither checkpoint file in {} can be read; {}",
                                                directory, rebuild_advice));
  }
  if (pair.newest->generation != generation) {
    return fail(ErrorCode::corrupt,
                fmt::format("{} belongs to generation {}, not to {}; {}",
                            checkpoint_path(directory, slot_of(pair.newest->sequence)),
                            pair.newest->generation, generation, rebuild_advice));
  }
  return Choice{std::move(*pair.newest), !pair.other.has_value()};
}

/// Opens the environment as the checkpoint says, and pins it.
Result<void> open_at_checkpoint(const StoreOptions& options, OpenGeneration& open) {
  CONCLAVE_TRY_ASSIGN(const Choice choice, choose_checkpoint(open.directory, open.number));
  const Checkpoint& checkpoint = choice.checkpoint;
  // A process that was killed before its sync left it in the page cache only, and the next
  // checkpoint overwrites the other file: without this a power cut then could leave neither.
  CONCLAVE_TRY(sync_checkpoint(open.directory, checkpoint));
  CONCLAVE_TRY(put_meta_pages_back(open.directory, checkpoint));
  if (choice.must_verify) {
    log_warn("store",
             "one checkpoint file in {} cannot be read; reading all rows to see whether the other "
             "one holds",
             open.directory);
    // Without LMDB, which trusts every page that it is led to.
    CONCLAVE_TRY(walk_pages(open.directory + "/data.mdb", checkpoint));
  }
  CONCLAVE_TRY_ASSIGN(open.environment, Environment::open(open.directory, options));
  open.pin = open.environment->begin_read();
  open.position = RowReading(*open.environment, open.pin).position();
  open.checkpoint_sequence = checkpoint.sequence;
  const bool same = mdb_txn_id(open.pin) == checkpoint.transaction_id &&
                    open.position.applied == checkpoint.applied &&
                    open.position.rows == checkpoint.rows &&
                    open.position.state_hash == checkpoint.state_hash;
  if (same) return {};
  mdb_txn_abort(std::exchange(open.pin, nullptr));
  return fail(ErrorCode::corrupt,
              fmt::format("{}/data.mdb is not what its checkpoint describes; {}", open.directory,
                          rebuild_advice));
}

Result<void> open_as_it_is(const StoreOptions& options, OpenGeneration& open) {
  CONCLAVE_TRY_ASSIGN(open.environment, Environment::open(open.directory, options));
  CONCLAVE_TRY(open.environment->sync());
  CONCLAVE_TRY_ASSIGN(const CheckpointPair pair, read_checkpoints(open.directory));
  open.checkpoint_sequence = pair.newest ? pair.newest->sequence : 0;
  open.position = read_position(*open.environment);
  return {};
}

Result<void> change_mode(const StoreOptions& options, SyncMode mode, OpenGeneration& open) {
  CONCLAVE_TRY(open.environment->sync());
  CONCLAVE_TRY_ASSIGN(open.checkpoint_sequence,
                      write_both_checkpoints(*open.environment, open.number, open.position,
                                             open.checkpoint_sequence));
  return write_current(options.directory, {.number = open.number, .mode = mode});
}

}  // namespace

std::string generation_directory(const std::string& directory, std::uint64_t number) {
  return fmt::format("{}/{:016x}", directory, number);
}

Result<std::uint64_t> write_both_checkpoints(const Environment& environment,
                                             std::uint64_t generation, const Position& position,
                                             std::uint64_t sequence) {
  Checkpoint checkpoint;
  checkpoint.generation = generation;
  checkpoint.applied = position.applied;
  checkpoint.rows = position.rows;
  checkpoint.state_hash = position.state_hash;
  checkpoint.meta_pages = environment.copy_meta_pages();
  CONCLAVE_TRY_ASSIGN(const MetaPages meta, read_meta_pages(checkpoint.meta_pages));
  checkpoint.transaction_id = meta.transaction_id;
  for (int i = 0; i < 2; ++i) {
    checkpoint.sequence = ++sequence;
    CONCLAVE_TRY(write_checkpoint(environment.directory(), checkpoint));
    CONCLAVE_TRY(sync_checkpoint(environment.directory(), checkpoint));
  }
  CONCLAVE_TRY(sync_directory(environment.directory()));
  return sequence;
}

void abandon_generation(OpenGeneration& generation) {
  if (generation.pin != nullptr) mdb_txn_abort(std::exchange(generation.pin, nullptr));
  generation.environment.reset();
}

Result<void> publish_generation(const StoreOptions& options, std::uint64_t number) {
  return write_current(options.directory, {.number = number, .mode = wanted_mode(options)});
}

std::string encode_current(const CurrentGeneration& current) {
  const std::string text = fmt::format("{:016x} {}", current.number,
                                       current.mode == SyncMode::full ? "full" : "checkpoint");
  return text + " " + crc_text(text) + "\n";
}

Result<CurrentGeneration> decode_current(std::string_view text) {
  const auto damaged = [] {
    return fail(ErrorCode::corrupt, "the file that names the current generation is damaged");
  };
  if (!text.ends_with('\n')) return damaged();
  text.remove_suffix(1);
  const std::size_t crc_at = text.rfind(' ');
  if (crc_at == std::string_view::npos ||
      text.substr(crc_at + 1) != crc_text(text.substr(0, crc_at))) {
    return damaged();
  }
  const std::optional<std::string> number = decode_hex(text.substr(0, 16));
  const std::string_view mode = text.substr(0, crc_at).substr(std::min<std::size_t>(crc_at, 16));
  if (!number || number->size() != 8) return damaged();
  if (mode == " checkpoint")
    return CurrentGeneration{load_u64_be(number->data()), SyncMode::checkpoint};
  if (mode == " full") return CurrentGeneration{load_u64_be(number->data()), SyncMode::full};
  return fail(ErrorCode::failed,
              "the current generation was written by a newer version, with a mode that this one "
              "does not know");
}

Result<OpenGeneration> open_generation(const StoreOptions& options) {
  if (!path_exists(options.directory + "/current")) CONCLAVE_TRY(create_first_generation(options));
  const std::string path = options.directory + "/current";
  CONCLAVE_TRY_ASSIGN(const std::string text, read_file(path));
  const Result<CurrentGeneration> current = decode_current(text);
  if (!current) return fail(path, current.error());

  OpenGeneration open;
  open.number = current->number;
  open.directory = generation_directory(options.directory, current->number);
  CONCLAVE_TRY(remove_other_generations(options.directory, current->number));
  CONCLAVE_TRY_ASSIGN(open.origin, read_origin(open.directory));
  if (current->mode == SyncMode::full) {
    CONCLAVE_TRY(open_as_it_is(options, open));
  } else {
    CONCLAVE_TRY(open_at_checkpoint(options, open));
  }

  const SyncMode wanted = wanted_mode(options);
  if (wanted != current->mode) CONCLAVE_TRY(change_mode(options, wanted, open));
  if (wanted == SyncMode::checkpoint && open.pin == nullptr) {
    open.pin = open.environment->begin_read();
  } else if (wanted == SyncMode::full && open.pin != nullptr) {
    mdb_txn_abort(std::exchange(open.pin, nullptr));
  }
  return open;
}

}  // namespace conclave::daemon
