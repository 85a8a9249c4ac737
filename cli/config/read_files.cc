#include "cli/config/read_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <vector>

namespace conclave::cli {
namespace {

namespace fs = std::filesystem;

Result<std::string> read_whole(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return fail(ErrorCode::io, fmt::format("cannot read the configuration file {}: {}", path,
                                           std::strerror(errno)));
  }
  std::string text(config_file_bytes_max + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > config_file_bytes_max) {
    return fail(ErrorCode::too_large, fmt::format("{}: more than {} bytes are no configuration",
                                                  path, config_file_bytes_max));
  }
  return text;
}

bool is_configuration(const fs::path& path) {
  return path.extension() == ".json" || path.extension() == ".hcl";
}

}  // namespace

Result<api::hcl::Format> parse_config_format(std::string_view name) {
  if (name == "hcl") return api::hcl::Format::hcl;
  if (name == "json") return api::hcl::Format::json;
  return fail(ErrorCode::bad_request,
              fmt::format("-config-format must be hcl or json, not \"{}\"", name));
}

Result<void> read_config_text(std::string_view text, api::hcl::Format format,
                              const std::string& source, Settings& settings) {
  auto document = api::hcl::parse_document(text, format);
  if (!document) {
    return fail(document.error().code, fmt::format("{}:{}", source, document.error().message));
  }
  return settings.merge(*document, source);
}

Result<void> read_config_file(const std::string& path, ForcedFormat format, Settings& settings) {
  const bool json = fs::path(path).extension() == ".json";
  CONCLAVE_TRY_ASSIGN(const std::string text, read_whole(path));
  // A file that somebody will fill later says nothing yet.
  if (text.find_first_not_of(" \t\r\n") == std::string::npos) return {};
  return read_config_text(
      text, format.value_or(json ? api::hcl::Format::json : api::hcl::Format::hcl), path, settings);
}

Result<void> read_config_dir(const std::string& path, ForcedFormat format, Settings& settings) {
  std::error_code error;
  std::vector<std::string> files;
  for (fs::directory_iterator at(path, error), end; !error && at != end; at.increment(error)) {
    std::error_code ignored;
    if (at->is_directory(ignored)) continue;
    if (format || is_configuration(at->path())) files.push_back(at->path().string());
  }
  if (error) {
    return fail(ErrorCode::io, fmt::format("cannot read the configuration directory {}: {}", path,
                                           error.message()));
  }
  std::ranges::sort(files);
  for (const std::string& file : files) CONCLAVE_TRY(read_config_file(file, format, settings));
  return {};
}

Result<void> read_config_path(const std::string& path, ForcedFormat format, Settings& settings) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) return read_config_dir(path, format, settings);
  return read_config_file(path, format, settings);
}

}  // namespace conclave::cli
