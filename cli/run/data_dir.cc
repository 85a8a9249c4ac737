#include "cli/run/data_dir.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/core/text.h"
#include "base/core/uuid.h"
#include "base/run/random.h"

namespace conclave::cli {
namespace {

constexpr std::size_t node_id_bytes_max = 256;

Result<std::string> settle_node_id(const std::string& directory, const std::string& wanted) {
  const std::string path = directory + "/node-id";
  if (!path_exists(path)) {
    const std::string id = wanted.empty() ? random_uuid() : to_lower_ascii(wanted);
    CONCLAVE_TRY(write_file_atomically(path, id + "\n"));
    return id;
  }
  CONCLAVE_TRY_ASSIGN(const std::string text, read_file(path, node_id_bytes_max));
  const std::string id = to_lower_ascii(trim_spaces(text));
  if (!is_uuid(id)) {
    return fail(ErrorCode::corrupt,
                path +
                    " does not hold a UUID: put back the one that `agent/self` showed, or "
                    "start with an empty data directory");
  }
  if (!wanted.empty() && to_lower_ascii(wanted) != id) {
    return fail(ErrorCode::bad_request,
                fmt::format("node_id is {}, but {} belongs to node {}: remove node_id from the "
                            "configuration, or start with an empty data directory",
                            wanted, directory, id));
  }
  return id;
}

}  // namespace

Result<DataDir> DataDir::open(const std::string& path, const std::string& node_id) {
  std::error_code ignored;
  const auto status = std::filesystem::status(path, ignored);
  if (std::filesystem::exists(status) && !std::filesystem::is_directory(status)) {
    return fail(ErrorCode::io, fmt::format("data_dir \"{}\" is not a directory", path));
  }
  CONCLAVE_TRY(make_directories(path));
  auto lock = lock_file(path + "/lock");
  if (!lock) {
    if (lock.error().code == ErrorCode::exists) {
      return fail(ErrorCode::exists,
                  fmt::format("the data directory {} is in use by another process: stop that one "
                              "first, or give this one another -data-dir",
                              path));
    }
    return std::unexpected(lock.error());
  }
  CONCLAVE_TRY_ASSIGN(std::string id, settle_node_id(path, node_id));
  return DataDir(path, std::move(*lock), std::move(id));
}

Result<DataDir> DataDir::temporary(const std::string& node_id) {
  std::error_code ignored;
  const auto parent = std::filesystem::temp_directory_path(ignored);
  std::string path = (ignored ? std::filesystem::path("/tmp") : parent) / "conclave-dev-XXXXXX";
  if (::mkdtemp(path.data()) == nullptr) return fail_errno("create", path, errno);
  auto opened = open(path, node_id);
  if (!opened) {
    std::filesystem::remove_all(path, ignored);
    return opened;
  }
  opened->remove_at_end_ = true;
  return opened;
}

DataDir::DataDir(DataDir&& other) noexcept
    : path_(std::move(other.path_)),
      lock_(std::move(other.lock_)),
      node_id_(std::move(other.node_id_)),
      remove_at_end_(std::exchange(other.remove_at_end_, false)) {}

DataDir::~DataDir() {
  std::error_code ignored;
  if (remove_at_end_) std::filesystem::remove_all(path_, ignored);
}

}  // namespace conclave::cli
