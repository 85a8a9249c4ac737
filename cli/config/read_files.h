#pragma once

/// Reads configuration files and directories into Settings (contract 16.1).

#include <optional>
#include <string>
#include <string_view>

#include "api/hcl/document.h"
#include "base/core/result.h"
#include "cli/config/settings.h"

namespace conclave::cli {

/// Of a file, if it is not left to its ending.
using ForcedFormat = std::optional<api::hcl::Format>;

/// More than this is no configuration.
constexpr std::size_t config_file_bytes_max = 16 << 20;

/// "hcl" or "json", the values of -config-format; the error says so.
Result<api::hcl::Format> parse_config_format(std::string_view name);

/// One file. `.json` is JSON; anything else is HCL, which a text that begins with `{` may be too.
Result<void> read_config_file(const std::string& path, ForcedFormat format, Settings& settings);

/// The .json and .hcl files of a directory in the order of their names, without those below it.
/// Other files are passed over, unless the format is forced.
Result<void> read_config_dir(const std::string& path, ForcedFormat format, Settings& settings);

/// A file, or everything in a directory: what `validate` and -config-file accept.
Result<void> read_config_path(const std::string& path, ForcedFormat format, Settings& settings);

/// One document. Errors of its syntax say where in `source`: "main.hcl:3:14: ...".
Result<void> read_config_text(std::string_view text, api::hcl::Format format,
                              const std::string& source, Settings& settings);

}  // namespace conclave::cli
