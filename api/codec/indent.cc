#include "api/codec/indent.h"

namespace conclave::api {

namespace {

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

/// Position after the string that begins with the quote at `at`.
std::size_t end_of_string(std::string_view json, std::size_t at) {
  for (++at; at < json.size() && json[at] != '"'; ++at) {
    if (json[at] == '\\') ++at;
  }
  return at < json.size() ? at + 1 : json.size();
}

std::size_t skip_spaces(std::string_view json, std::size_t at) {
  while (at < json.size() && is_space(json[at])) ++at;
  return at;
}

void new_line(std::string& out, std::size_t depth) {
  out.push_back('\n');
  out.append(depth * 4, ' ');
}

}  // namespace

std::string indent_json(std::string_view json) {
  std::string out;
  out.reserve(json.size() * 2 + 16);
  std::size_t depth = 0;
  for (std::size_t at = skip_spaces(json, 0); at < json.size(); at = skip_spaces(json, at)) {
    const char c = json[at];
    if (c == '"') {
      const std::size_t end = end_of_string(json, at);
      out.append(json.substr(at, end - at));
      at = end;
      continue;
    }
    ++at;
    if (c == '{' || c == '[') {
      out.push_back(c);
      const std::size_t next = skip_spaces(json, at);
      if (next < json.size() && (json[next] == '}' || json[next] == ']')) {
        out.push_back(json[next]);
        at = next + 1;
      } else {
        new_line(out, ++depth);
      }
    } else if (c == '}' || c == ']') {
      if (depth > 0) --depth;
      new_line(out, depth);
      out.push_back(c);
    } else if (c == ',') {
      out.push_back(c);
      new_line(out, depth);
    } else if (c == ':') {
      out.append(": ");
    } else {
      out.push_back(c);
    }
  }
  out.push_back('\n');
  return out;
}

}  // namespace conclave::api
