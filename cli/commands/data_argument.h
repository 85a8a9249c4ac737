#pragma once

/// Arguments that carry data: the text itself, `@file`, or `-` for standard input (contract 17).

#include <string>

#include "base/core/result.h"
#include "cli/commands/command.h"

namespace conclave::cli {

Result<std::string> read_data_argument(const std::string& word, Terminal& terminal);

/// A file, or standard input for "-".
Result<std::string> read_file_or_input(const std::string& name, Terminal& terminal);

}  // namespace conclave::cli
