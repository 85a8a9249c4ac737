#pragma once

#include <string>
#include <vector>

namespace conclave::cli {

/// Rows as a table: each column as wide as its widest cell, two spaces between, nothing after the
/// last.
std::string align_columns(const std::vector<std::vector<std::string>>& rows);

}  // namespace conclave::cli
