// A target without libFuzzer: runs files, and the files of directories, once each. Flags, which are
// libFuzzer's, are passed over, so that one command line does for both.

#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/run/file.h"
#include "tests/fuzz/input.h"

namespace {

std::vector<std::string> files_of(const std::string& path) {
  std::vector<std::string> files;
  if (!std::filesystem::is_directory(path)) return {path};
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    files.push_back(entry.path().string());
  }
  return files;
}

int run(int count, char** arguments) {
  int done = 0;
  for (int i = 1; i < count; ++i) {
    if (std::string_view(arguments[i]).starts_with('-')) continue;
    for (const std::string& path : files_of(arguments[i])) {
      const auto bytes = conclave::read_file(path);
      if (!bytes) {
        std::fprintf(stderr, "%s\n", bytes.error().message.c_str());
        return 1;
      }
      std::fprintf(stderr, "%s\n", path.c_str());  // The last one named is the one that failed.
      conclave::fuzz::check(*bytes);
      ++done;
    }
  }
  std::printf("%d inputs\n", done);
  return done > 0 ? 0 : 1;
}

}  // namespace

int main(int count, char** arguments) {
  try {
    return run(count, arguments);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
