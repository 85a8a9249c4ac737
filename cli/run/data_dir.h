#pragma once

/// The data directory of this process: held by one process at a time, readable by its user only,
/// with the node's UUID in it.

#include <string>

#include "base/core/result.h"
#include "base/run/file.h"

namespace conclave::cli {

class DataDir {
 public:
  /// Creates the directory if it is missing (0700), takes its lock, and reads or makes node-id. A
  /// `node_id` that is not empty is written down, and refused when the directory holds another one.
  static Result<DataDir> open(const std::string& path, const std::string& node_id);
  /// A fresh directory below the system's temporary one, removed again with this object (-dev).
  static Result<DataDir> temporary(const std::string& node_id);

  ~DataDir();
  DataDir(DataDir&& other) noexcept;
  DataDir& operator=(DataDir&&) = delete;

  const std::string& path() const { return path_; }
  const std::string& node_id() const { return node_id_; }

 private:
  DataDir(std::string path, Descriptor lock, std::string node_id)
      : path_(std::move(path)), lock_(std::move(lock)), node_id_(std::move(node_id)) {}

  std::string path_;
  Descriptor lock_;
  std::string node_id_;
  bool remove_at_end_ = false;
};

}  // namespace conclave::cli
