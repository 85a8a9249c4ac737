#pragma once

#include <string>
#include <utility>

#include "base/core/result.h"

namespace conclave::cli {

/// The file with this process's id: written when it serves, gone when it ends.
class PidFile {
 public:
  /// "" = none.
  static Result<PidFile> write(const std::string& path);
  ~PidFile();
  PidFile(PidFile&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  PidFile& operator=(PidFile&&) = delete;

 private:
  explicit PidFile(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

}  // namespace conclave::cli
