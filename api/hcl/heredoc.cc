#include "api/hcl/heredoc.h"

#include <algorithm>
#include <vector>

namespace conclave::api::hcl {
namespace {

bool is_anchor_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

std::string_view without_return(std::string_view line) {
  while (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::string_view indentation(std::string_view line) {
  return line.substr(0, std::min(line.find_first_not_of(" \t\r\v\f"), line.size()));
}

std::string joined(const std::vector<std::string_view>& lines, std::size_t cut) {
  std::string text;
  for (const std::string_view line : lines) {
    text += line.substr(cut);
    text += '\n';
  }
  return text;
}

}  // namespace

Heredoc read_heredoc(std::string_view text) {
  auto broken = [&](std::string_view problem, std::size_t at) {
    return Heredoc{.size = text.size(), .text = {}, .problem = problem, .problem_at = at};
  };
  const bool unindent = text.substr(2).starts_with('-');
  const std::size_t begin = unindent ? 3 : 2;
  std::size_t at = begin;
  while (at < text.size() && is_anchor_character(text[at])) ++at;
  const std::string_view anchor = text.substr(begin, at - begin);
  if (anchor.empty()) return broken("a heredoc needs a word after <<", begin);
  if (text.substr(at).starts_with("\r\n")) ++at;
  if (at == text.size()) return broken("heredoc is not terminated", 0);
  if (text[at] != '\n') return broken("a heredoc begins on the line after its word", at);

  std::vector<std::string_view> lines;
  for (++at; at <= text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, end - at);
    const std::string_view indent = indentation(line);
    if (without_return(line.substr(indent.size())) == anchor) {
      bool cut = unindent;
      for (const std::string_view each : lines) cut = cut && each.starts_with(indent);
      return {.size = end, .text = joined(lines, cut ? indent.size() : 0)};
    }
    lines.push_back(line);
    at = end + 1;
  }
  return broken("heredoc is not terminated", 0);
}

}  // namespace conclave::api::hcl
