#pragma once

/// Cuts HCL 1 text into tokens. Comments (#, // and /* */) and white space are passed over.

#include <cstdint>
#include <string>
#include <string_view>

#include "api/hcl/position.h"
#include "base/core/result.h"

namespace conclave::api::hcl {

enum class TokenKind : std::uint8_t {
  end,
  identifier,
  boolean,
  number,
  text,  ///< "quoted" or a heredoc.
  list_begin,
  list_end,
  object_begin,
  object_end,
  comma,
  assign,  ///< `=`, or `:` as in JSON.
};

struct Token {
  TokenKind kind = TokenKind::end;
  Position at;
  std::string text;  ///< As written; of a text what it means.
};

/// "the end", "a number", "'{'": for errors.
std::string describe(const Token& token);

/// Each call goes on from where the last one ended.
class Scanner {
 public:
  /// `text` outlives the scanner. A byte order mark is passed over.
  explicit Scanner(std::string_view text);

  Result<Token> next();

 private:
  Result<void> skip_blank();
  Result<void> skip_block_comment();
  Result<Token> quoted();
  Result<Token> heredoc();
  Result<Token> word();
  Result<Token> number();
  Result<void> take_escape(std::string& out);
  /// Moves over this many bytes, counting lines and columns.
  void advance(std::size_t bytes);
  std::string_view rest() const { return text_.substr(offset_); }

  std::string_view text_;
  std::size_t offset_ = 0;
  Position at_;
};

}  // namespace conclave::api::hcl
