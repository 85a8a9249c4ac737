#include "api/codec/indent.h"

namespace conclave::api {

namespace {

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

void new_line(std::string& out, std::size_t depth) {
  out.push_back('\n');
  out.append(depth * 4, ' ');
}

}  // namespace

void JsonIndenter::append(std::string_view json, std::string& out) {
  for (std::size_t at = 0; at < json.size();) {
    if (in_string_) {
      at = copy_string(json, at, out);
      continue;
    }
    const char c = json[at++];
    if (!is_space(c)) append_token(c, out);
  }
}

std::size_t JsonIndenter::copy_string(std::string_view json, std::size_t at, std::string& out) {
  std::size_t end = at;
  for (; end < json.size() && in_string_; ++end) {
    if (escaped_) {
      escaped_ = false;
    } else if (json[end] == '\\') {
      escaped_ = true;
    } else if (json[end] == '"') {
      in_string_ = false;
    }
  }
  out.append(json.substr(at, end - at));
  return end;
}

void JsonIndenter::append_token(char c, std::string& out) {
  const bool closes = c == '}' || c == ']';
  if (closes && depth_ > 0) --depth_;
  if (opened_ != closes) new_line(out, depth_);
  opened_ = c == '{' || c == '[';
  out.push_back(c);
  if (opened_) ++depth_;
  if (c == ',') new_line(out, depth_);
  if (c == ':') out.push_back(' ');
  if (c == '"') in_string_ = true;
}

std::string indent_json(std::string_view json) {
  std::string out;
  out.reserve(json.size() * 2 + 16);
  JsonIndenter indenter;
  indenter.append(json, out);
  indenter.end(out);
  return out;
}

}  // namespace conclave::api
