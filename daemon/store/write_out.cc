#include "daemon/store/write_out.h"

#include <fcntl.h>

#include <cerrno>

#include "base/run/file.h"

namespace conclave::daemon {

Result<void> write_out(int file, std::uint64_t from, std::uint64_t until, const std::string& path) {
  for (std::uint64_t at = from; at < until; at += write_out_piece_bytes) {
    const int failed = ::sync_file_range(
        file, static_cast<off64_t>(at), static_cast<off64_t>(write_out_piece_bytes),
        SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER);
    if (failed != 0) return fail_errno("write out", path, errno);
  }
  return {};
}

}  // namespace conclave::daemon
