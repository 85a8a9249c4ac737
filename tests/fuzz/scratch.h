#pragma once

/// A directory for files that a target has to have, in memory where there is such a place. One per
/// process; gone with it.

#include <stdlib.h>

#include <filesystem>
#include <string>

#include "base/core/assert.h"

namespace conclave::fuzz {

class Scratch {
 public:
  Scratch() {
    const bool in_memory = std::filesystem::is_directory("/dev/shm");
    path_ = (in_memory ? "/dev/shm" : std::filesystem::temp_directory_path().string()) +
            "/conclave-fuzz-XXXXXX";
    CONCLAVE_ASSERT(::mkdtemp(path_.data()) != nullptr);
  }
  ~Scratch() { std::filesystem::remove_all(path_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  const std::string& path() const { return path_; }
  /// Removes what is inside.
  void clear() const {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directory(path_);
  }

 private:
  std::string path_;
};

}  // namespace conclave::fuzz
