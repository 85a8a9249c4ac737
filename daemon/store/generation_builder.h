#pragma once

/// Builds a generation beside the one that counts, from rows in ascending order of their keys:
/// appended page after page, committed in pieces, written out as it grows, so that memory stays
/// bounded at any size. With finish() it is what the next start opens, and Store::adopt() makes it
/// what is read from then on.
///
/// Blocking; one thread at a time, each call on any. A builder that is not finished removes what it
/// has made; so does the next start.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/core/result.h"
#include "daemon/store/generation.h"

namespace conclave::daemon {

/// A deliberate mistake, for the crash explorer, which has to notice it. Never set otherwise.
struct GenerationMutant {
  bool publish_before_sync = false;  ///< `current` names the generation before it is on the disk.
};

class GenerationBuilder {
 public:
  static Result<std::unique_ptr<GenerationBuilder>> begin(const StoreOptions& options,
                                                          std::uint64_t number);
  ~GenerationBuilder();
  GenerationBuilder(const GenerationBuilder&) = delete;
  GenerationBuilder& operator=(const GenerationBuilder&) = delete;

  /// Keys ascend strictly. A full disk or map is an error; the builder is of no use then.
  Result<void> add(std::string_view key, std::string_view row);
  std::uint64_t rows() const { return position_.rows; }
  std::uint64_t state_hash() const { return position_.state_hash; }
  /// Commits what was added and hands it to the disk, when it is enough for a piece: the place to
  /// let others have their turn.
  Result<void> flush_piece();

  /// Durable, and named by `current`, when this returns. `origin`: what a log that is behind it
  /// needs to know.
  Result<OpenGeneration> finish(AppliedPosition applied, const Origin* origin);

  static GenerationMutant mutant;

 private:
  GenerationBuilder(const StoreOptions& options, std::uint64_t number);
  Result<void> begin_piece();
  Result<void> end_piece();
  Result<void> put_chunks(std::string_view key, std::string_view row, std::uint64_t hash);
  Result<void> append(unsigned database, std::string_view key, std::string_view value);
  Result<void> write_out_growth();
  Result<void> write_position();

  const StoreOptions options_;
  const std::uint64_t number_;
  const std::string directory_;
  std::shared_ptr<Environment> environment_;
  MDB_txn* txn_ = nullptr;
  Position position_;
  std::string framed_;
  std::uint64_t piece_bytes_ = 0;
  std::uint64_t written_out_ = 0;  ///< Bytes of data.mdb.
  bool finished_ = false;
};

}  // namespace conclave::daemon
