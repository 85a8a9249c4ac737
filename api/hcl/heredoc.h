#pragma once

/// Texts of several lines, as shells write them:
///
///   body = <<-END
///     first line
///     second line
///     END

#include <cstddef>
#include <string>
#include <string_view>

namespace conclave::api::hcl {

struct Heredoc {
  std::size_t size = 0;        ///< Bytes of the whole construct, its last line end excluded.
  std::string text;            ///< Its lines, each with its end.
  std::string_view problem;    ///< What is wrong with it, or "".
  std::size_t problem_at = 0;  ///< Offset of that.
};

/// Reads the one that `text` begins with (`<<`). It ends at the line that holds the anchor and
/// nothing else but white space before it. With `<<-` the white space before the last anchor is
/// taken off all lines, if all of them begin with it.
Heredoc read_heredoc(std::string_view text);

}  // namespace conclave::api::hcl
