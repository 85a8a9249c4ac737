#include "cli/run/pid_file.h"

#include <unistd.h>

#include "base/run/file.h"

namespace conclave::cli {

Result<PidFile> PidFile::write(const std::string& path) {
  if (!path.empty()) {
    auto written = write_file_atomically(path, std::to_string(::getpid()) + "\n", 0644);
    if (!written) return fail("pid_file", written.error());
  }
  return PidFile(path);
}

PidFile::~PidFile() {
  if (!path_.empty()) ::unlink(path_.c_str());
}

}  // namespace conclave::cli
