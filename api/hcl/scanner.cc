#include "api/hcl/scanner.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "api/codec/json_string.h"
#include "api/hcl/heredoc.h"
#include "api/hcl/number.h"
#include "api/query/filter_literal.h"

namespace conclave::api::hcl {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

/// Characters that are tokens by themselves.
constexpr std::array<std::pair<char, TokenKind>, 7> marks = {{
    {'[', TokenKind::list_begin},
    {']', TokenKind::list_end},
    {'{', TokenKind::object_begin},
    {'}', TokenKind::object_end},
    {',', TokenKind::comma},
    {'=', TokenKind::assign},
    {':', TokenKind::assign},
}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Bytes of the character that `text` begins with; text is valid UTF-8.
std::size_t character_length(std::string_view text) {
  std::size_t size = 1;
  while (size < text.size() && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) ++size;
  return size;
}

/// Spaces beyond ASCII are pasted in by accident, and belong to no name.
bool is_letter(std::string_view character) {
  const char c = character[0];
  if (static_cast<unsigned char>(c) < 0x80) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  }
  return character != "\xC2\xA0" && !character.starts_with("\xE2\x80") &&
         !character.starts_with("\xE2\x81") && character != "\xE3\x80\x80" &&
         character != byte_order_mark;
}

/// Bytes of an escape sequence, its backslash included, whether valid or not.
std::size_t escape_length(std::string_view text) {
  constexpr std::array<std::pair<char, std::size_t>, 3> long_ones = {
      {{'x', 4}, {'u', 6}, {'U', 10}}};
  if (text.size() < 2) return text.size();
  const char letter = text[1];
  for (const auto& [name, size] : long_ones) {
    if (letter == name) return std::min(size, text.size());
  }
  return std::min<std::size_t>(is_digit(letter) ? 4 : 1 + character_length(text.substr(1)),
                               text.size());
}

std::string quoted_character(std::string_view text) {
  std::string shown;
  append_json_string(shown, text.substr(0, character_length(text)));
  return shown.substr(1, shown.size() - 2);
}

}  // namespace

std::string describe(const Token& token) {
  switch (token.kind) {
    case TokenKind::end:
      return "the end";
    case TokenKind::text:
      return "a text";
    default:
      return fmt::format("'{}'", token.text);
  }
}

Scanner::Scanner(std::string_view text) : text_(text) {
  if (text_.starts_with(byte_order_mark)) text_.remove_prefix(byte_order_mark.size());
}

void Scanner::advance(std::size_t bytes) {
  const Position moved = position_of(rest(), bytes);
  at_.column = moved.line > 1 ? moved.column : at_.column + moved.column - 1;
  at_.line += moved.line - 1;
  offset_ = std::min(offset_ + bytes, text_.size());
}

Result<void> Scanner::skip_blank() {
  for (;;) {
    const std::string_view left = rest();
    const std::size_t blank = std::min(left.find_first_not_of(" \t\r\n"), left.size());
    if (blank > 0) {
      advance(blank);
    } else if (left.starts_with('#') || left.starts_with("//")) {
      advance(std::min(left.find('\n'), left.size()));
    } else if (left.starts_with("/*")) {
      CONCLAVE_TRY(skip_block_comment());
    } else {
      return {};
    }
  }
}

Result<void> Scanner::skip_block_comment() {
  const std::size_t end = rest().find("*/", 2);
  if (end == std::string_view::npos) return fail_at(at_, "comment is not terminated");
  advance(end + 2);
  return {};
}

Result<Token> Scanner::next() {
  CONCLAVE_TRY(skip_blank());
  const std::string_view left = rest();
  if (left.empty()) return Token{TokenKind::end, at_, {}};
  const char first = left.front();
  if (first == '"') return quoted();
  if (left.starts_with("<<")) return heredoc();
  const auto mark = std::ranges::find(marks, first, &std::pair<char, TokenKind>::first);
  if (mark != marks.end()) {
    Token token{mark->second, at_, std::string(1, first)};
    advance(1);
    return token;
  }
  if (number_length(left) > 0) return number();
  if (is_letter(left.substr(0, character_length(left)))) return word();
  return fail_at(at_, fmt::format("illegal character '{}'", quoted_character(left)));
}

Result<Token> Scanner::number() {
  Token token{TokenKind::number, at_, std::string(rest().substr(0, number_length(rest())))};
  advance(token.text.size());
  return token;
}

Result<Token> Scanner::word() {
  const std::string_view left = rest();
  std::size_t size = 0;
  while (size < left.size()) {
    const std::string_view character = left.substr(size, character_length(left.substr(size)));
    const char c = character[0];
    if (!is_letter(character) && !is_digit(c) && c != '-' && c != '.') break;
    size += character.size();
  }
  Token token{TokenKind::identifier, at_, std::string(left.substr(0, size))};
  if (token.text == "true" || token.text == "false") token.kind = TokenKind::boolean;
  advance(size);
  return token;
}

/// `${` begins something in braces that is left as it is, quotes, line ends and all: a notation of
/// other tools that Consul passes through.
Result<Token> Scanner::quoted() {
  Token token{TokenKind::text, at_, {}};
  advance(1);
  std::size_t braces = 0;
  for (;;) {
    const std::string_view left = rest();
    if (left.empty() || (left.front() == '\n' && braces == 0)) {
      return fail_at(token.at, "text is not terminated");
    }
    if (left.front() == '"' && braces == 0) break;
    if (left.front() == '\\' && braces == 0) {
      CONCLAVE_TRY(take_escape(token.text));
      continue;
    }
    std::size_t size = 1;
    if (braces == 0 && left.starts_with("${")) {
      size = 2;
      ++braces;
    } else if (braces > 0) {
      if (left.front() == '{') ++braces;
      if (left.front() == '}') --braces;
    }
    token.text += left.substr(0, size);
    advance(size);
  }
  advance(1);
  token.text = repair_utf8(token.text);
  return token;
}

Result<void> Scanner::take_escape(std::string& out) {
  const std::string_view escape = rest().substr(0, escape_length(rest()));
  const auto meaning = unquote_go(fmt::format("\"{}\"", escape));
  if (!meaning) return fail_at(at_, fmt::format("illegal escape sequence {}", escape));
  out += *meaning;
  advance(escape.size());
  return {};
}

Result<Token> Scanner::heredoc() {
  Heredoc read = read_heredoc(rest());
  const Position begin = at_;
  if (!read.problem.empty()) {
    advance(read.problem_at);
    return fail_at(at_, read.problem);
  }
  advance(read.size);
  return Token{TokenKind::text, begin, std::move(read.text)};
}

}  // namespace conclave::api::hcl
