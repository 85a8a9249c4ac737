#pragma once

/// Writes a snapshot archive: a gzip-compressed tar of meta.json, state.bin and SHA256SUMS, piece
/// by piece, with the state read from its file as it is asked for. Blocking reads of that file; one
/// thread at a time.

#include <cstdint>
#include <memory>
#include <string>

#include "api/archive/meta.h"
#include "base/core/hash.h"
#include "base/core/result.h"
#include "base/run/file.h"

namespace conclave::api {

class ArchiveWriter {
 public:
  /// `state`: a file of meta.size bytes.
  ArchiveWriter(ArchiveMeta meta, Descriptor state, std::int64_t unix_seconds);
  ~ArchiveWriter();
  ArchiveWriter(const ArchiveWriter&) = delete;
  ArchiveWriter& operator=(const ArchiveWriter&) = delete;

  /// The next bytes of the archive, from a bounded piece of the state; empty = that was all.
  Result<std::string> next();

 private:
  enum class Part : std::uint8_t { head, state, tail, done };
  struct Deflate;
  Result<std::string> read_state();
  std::string end_of_tar();
  std::string compress(std::string_view bytes, bool last);

  const ArchiveMeta meta_;
  const std::string meta_json_;
  const Descriptor state_;
  const std::int64_t unix_seconds_;
  std::unique_ptr<Deflate> deflate_;
  Sha256 state_digest_;
  std::uint64_t state_at_ = 0;
  Part part_ = Part::head;
};

}  // namespace conclave::api
