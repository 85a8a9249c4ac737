#include "cli/commands/data_argument.h"

#include <fstream>
#include <istream>
#include <iterator>

namespace conclave::cli {

Result<std::string> read_file_or_input(const std::string& name, Terminal& terminal) {
  if (name == "-") return std::string(std::istreambuf_iterator<char>(terminal.in), {});
  std::ifstream file(name, std::ios::binary);
  // A directory opens, and cannot be read.
  if (!file || (file.peek() == std::ifstream::traits_type::eof() && !file.eof())) {
    return fail(ErrorCode::io, "Failed to read file: " + name);
  }
  return std::string(std::istreambuf_iterator<char>(file), {});
}

Result<std::string> read_data_argument(const std::string& word, Terminal& terminal) {
  if (word == "-") return read_file_or_input(word, terminal);
  if (!word.starts_with('@')) return word;
  return read_file_or_input(word.substr(1), terminal);
}

}  // namespace conclave::cli
