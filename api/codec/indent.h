#pragma once

/// Indentation of JSON that is already valid: what `?pretty` and dev mode show (contract section
/// 0).

#include <cstddef>
#include <string>
#include <string_view>

namespace conclave::api {

/// Four spaces a level, one space after a colon, {} and [] kept short, a newline at the end: Go's
/// json.MarshalIndent(v, "", "    ") plus "\n". Input must be valid JSON; spaces outside of strings
/// are dropped, so indenting twice changes nothing.
std::string indent_json(std::string_view json);

/// The same piece by piece, wherever the pieces are cut.
class JsonIndenter {
 public:
  void append(std::string_view json, std::string& out);
  /// After the last piece.
  void end(std::string& out) { out.push_back('\n'); }

 private:
  /// Copies what is left of a string; the position after that.
  std::size_t copy_string(std::string_view json, std::size_t at, std::string& out);
  void append_token(char c, std::string& out);

  std::size_t depth_ = 0;
  bool in_string_ = false;
  bool escaped_ = false;  ///< The next character of the string stands behind a backslash.
  bool opened_ = false;   ///< The last token was [ or {: what follows decides about a new line.
};

}  // namespace conclave::api
