#pragma once

/// Takes a snapshot archive apart as its bytes arrive, and trusts nothing in it: known names only
/// (they become no paths), each once and in order, every size bounded before anything is written,
/// no more than a bounded ratio of what arrived, both sums compared at the end. Blocking where its
/// sink is; one thread at a time.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "api/archive/meta.h"
#include "base/core/hash.h"
#include "base/core/result.h"

namespace conclave::api {

struct ArchiveLimits {
  std::uint64_t state_bytes_max = 64ull << 30;
  /// Bytes that may come out of one that went in, once there are more than ratio_free_bytes.
  std::uint64_t ratio_max = 256;
  std::uint64_t ratio_free_bytes = 1ull << 30;
};

class ArchiveReader {
 public:
  /// `state` takes the bytes of state.bin in order.
  using Sink = std::function<Result<void>(std::string_view bytes)>;

  ArchiveReader(ArchiveLimits limits, Sink state);
  ~ArchiveReader();
  ArchiveReader(const ArchiveReader&) = delete;
  ArchiveReader& operator=(const ArchiveReader&) = delete;

  /// Error `bad_request`: it is no snapshot archive, or a damaged one; `too_large`; the sink's.
  /// After an error it takes nothing more.
  Result<void> feed(std::string_view bytes);
  /// After the last bytes: the archive is whole and its sums are right.
  Result<ArchiveMeta> finish();

 private:
  enum class Part : std::uint8_t { header, meta, state, sums, skipped, padding, end };
  struct Inflate;
  Result<void> take(std::string_view bytes);
  Result<std::size_t> take_some(std::string_view bytes);
  Result<void> begin_entry();
  void end_entry();
  Result<void> check_ratio() const;

  const ArchiveLimits limits_;
  const Sink state_;
  std::unique_ptr<Inflate> inflate_;
  std::uint64_t bytes_in_ = 0;
  std::uint64_t bytes_out_ = 0;
  bool compressed_ended_ = false;

  Part part_ = Part::header;
  std::uint64_t left_ = 0;     ///< Of the part.
  std::uint64_t padding_ = 0;  ///< After it.
  std::string header_;
  unsigned entries_ = 0;  ///< Of the three, in their order.
  std::string meta_json_;
  std::string sums_;
  std::uint64_t state_bytes_ = 0;
  Sha256 state_digest_;
};

}  // namespace conclave::api
