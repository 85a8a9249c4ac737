#include "cli/config/read_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <vector>

#include "api/codec/json_value.h"

namespace conclave::cli {
namespace {

namespace fs = std::filesystem;

std::unexpected<Error> no_hcl(const std::string& path) {
  return fail(
      ErrorCode::bad_request,
      fmt::format("{}: HCL is not read yet: write this file as JSON and name it .json", path));
}

Result<std::string> read_whole(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return fail(ErrorCode::io, fmt::format("cannot read the configuration file {}: {}", path,
                                           std::strerror(errno)));
  }
  return std::string(std::istreambuf_iterator<char>(file), {});
}

/// "at offset 57" means little to somebody with an editor.
std::string with_line(std::string message, std::string_view text) {
  const std::string_view marker = "at offset ";
  const auto at = message.rfind(marker);
  if (at == std::string::npos) return message;
  const auto offset = std::strtoull(message.c_str() + at + marker.size(), nullptr, 10);
  const auto end =
      text.begin() + static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(offset, text.size()));
  return fmt::format("{}at line {}", message.substr(0, at),
                     1 + std::count(text.begin(), end, '\n'));
}

}  // namespace

Result<void> read_config_text(const std::string& text, const std::string& source,
                              Settings& settings) {
  auto document = api::parse_json(text);
  if (!document) {
    return fail(ErrorCode::bad_request, fmt::format("{}: is not valid JSON: {}", source,
                                                    with_line(document.error().message, text)));
  }
  return settings.merge(*document, source);
}

Result<void> read_config_file(const std::string& path, Settings& settings) {
  if (fs::path(path).extension() == ".hcl") return no_hcl(path);
  CONCLAVE_TRY_ASSIGN(const std::string text, read_whole(path));
  return read_config_text(text, path, settings);
}

Result<void> read_config_dir(const std::string& path, Settings& settings) {
  std::error_code error;
  std::vector<std::string> files;
  for (fs::directory_iterator at(path, error), end; !error && at != end; at.increment(error)) {
    std::error_code ignored;
    if (at->is_directory(ignored)) continue;
    const auto ending = at->path().extension();
    if (ending == ".json" || ending == ".hcl") files.push_back(at->path().string());
  }
  if (error) {
    return fail(ErrorCode::io, fmt::format("cannot read the configuration directory {}: {}", path,
                                           error.message()));
  }
  std::ranges::sort(files);
  for (const std::string& file : files) CONCLAVE_TRY(read_config_file(file, settings));
  return {};
}

Result<void> read_config_path(const std::string& path, Settings& settings) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) return read_config_dir(path, settings);
  return read_config_file(path, settings);
}

}  // namespace conclave::cli
