#pragma once

/// Files for bodies that are too large for memory: without a name, so that nothing is left of them
/// whatever happens, and bounded in total. A file belongs to those who send it, and goes with the
/// last of them.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "api/http/message.h"
#include "base/core/result.h"
#include "base/run/file.h"

namespace conclave::daemon {

struct SpoolOptions {
  std::string directory;  ///< Exists.
  /// All files together. Beyond: unavailable (503).
  std::uint64_t bytes_max = 4ull << 30;
  /// Nothing is written while the file system has less than this free: it is the log's.
  std::uint64_t free_bytes_min = 256 << 20;
};

/// Written by one thread, then read by any.
class SpoolFile {
 public:
  SpoolFile(Descriptor file, const SpoolOptions& options,
            std::shared_ptr<std::atomic<std::uint64_t>> used);
  ~SpoolFile();
  SpoolFile(const SpoolFile&) = delete;
  SpoolFile& operator=(const SpoolFile&) = delete;

  Result<void> append(std::string_view bytes);
  std::uint64_t size() const { return size_; }
  /// Up to `bytes_max` bytes from `offset` on; fewer at the end only.
  Result<std::string> read(std::uint64_t offset, std::size_t bytes_max) const;

 private:
  Descriptor file_;
  const SpoolOptions options_;
  /// Of all files.
  std::shared_ptr<std::atomic<std::uint64_t>> used_;
  std::uint64_t size_ = 0;
};

/// Makes the files. create() belongs to one thread.
class Spool {
 public:
  explicit Spool(SpoolOptions options) : options_(std::move(options)) {}

  Result<std::shared_ptr<SpoolFile>> create();
  /// Bytes in all files that are there. Any thread.
  std::uint64_t used_bytes() const { return used_->load(std::memory_order_relaxed); }

 private:
  const SpoolOptions options_;
  std::shared_ptr<std::atomic<std::uint64_t>> used_ =
      std::make_shared<std::atomic<std::uint64_t>>(0);
};

/// A spooled body on its way out, with its length.
class SpooledBody final : public api::BodyStream {
 public:
  explicit SpooledBody(std::shared_ptr<const SpoolFile> file) : file_(std::move(file)) {}
  Task<std::string> next() override;
  std::optional<std::uint64_t> length() const override { return file_->size(); }

 private:
  std::shared_ptr<const SpoolFile> file_;
  std::uint64_t sent_ = 0;
};

}  // namespace conclave::daemon
