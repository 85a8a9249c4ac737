#pragma once

/// Reads configuration files and directories into Settings (contract 16.1).

#include <string>

#include "base/core/result.h"
#include "cli/config/settings.h"

namespace conclave::cli {

/// One file. JSON by its ending, or whatever its ending when it was named itself. `.hcl` is refused
/// with a sentence that says what to do instead.
Result<void> read_config_file(const std::string& path, Settings& settings);

/// The .json files of a directory in the order of their names, without those below it. Other files
/// are passed over, except .hcl, which is refused: leaving configuration out would be worse.
Result<void> read_config_dir(const std::string& path, Settings& settings);

/// A file, or everything in a directory: what `validate` and -config-file accept.
Result<void> read_config_path(const std::string& path, Settings& settings);

/// One JSON document in text form.
Result<void> read_config_text(const std::string& text, const std::string& source,
                              Settings& settings);

}  // namespace conclave::cli
