#include "daemon/store/set_aside.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <cerrno>
#include <cstdio>

#include "base/run/file.h"
#include "base/run/log.h"

namespace conclave::daemon {

Result<std::string> set_aside(const std::string& data_dir, std::string_view name,
                              std::int64_t unix_seconds, const std::vector<std::string>& parts) {
  const std::string directory =
      fmt::format("{}/{}-{:%Y%m%dT%H%M%SZ}", data_dir, name, fmt::gmtime(unix_seconds));
  CONCLAVE_TRY(make_directories(directory));
  for (const std::string& part : parts) {
    const std::string from = fmt::format("{}/{}", data_dir, part);
    if (!path_exists(from)) continue;
    const std::string to = fmt::format("{}/{}", directory, part);
    if (std::rename(from.c_str(), to.c_str()) != 0) return fail_errno("move", from, errno);
    CONCLAVE_TRY(sync_directory(directory));
    CONCLAVE_TRY(sync_directory(data_dir));
  }
  log_warn("store", "{} of {} moved to {}", fmt::join(parts, " and "), data_dir, directory);
  return directory;
}

}  // namespace conclave::daemon
