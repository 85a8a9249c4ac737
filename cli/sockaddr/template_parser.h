#pragma once

/// The syntax of address templates: text with pipelines in double braces, in the notation of Go's
/// text/template, of which functions, pipes, parentheses, the dot, texts, whole numbers, comments
/// and the trimming {{- -}} are here, and control words, variables and fields are not.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/core/result.h"

namespace conclave::cli::sockaddr {

constexpr std::size_t template_bytes_max = 4096;
constexpr std::size_t template_depth_max = 16;  ///< Of parentheses.

struct Term;

/// A function with its arguments, or ("" as name) a term alone.
struct Command {
  std::string function;
  std::vector<Term> terms;
  std::size_t at = 1;  ///< Character of the template where it begins, from 1.
};

/// What the first command gives is the last argument of the second, and so on.
using Pipeline = std::vector<Command>;

struct Dot {};  ///< All interfaces.

struct Term {
  std::variant<Dot, std::int64_t, std::string, Pipeline> value;
};

/// Text as it stands, or a pipeline.
using Piece = std::variant<std::string, Pipeline>;

/// Errors begin with "character 14: ".
Result<std::vector<Piece>> parse_template(std::string_view text);

/// "character 14: <message>".
std::unexpected<Error> fail_at_character(std::size_t at, std::string_view message);

}  // namespace conclave::cli::sockaddr
