#include "api/rest/path_rules.h"

#include <cstdint>
#include <vector>

namespace conclave::api {

namespace {

struct Range {
  std::uint32_t first;
  std::uint32_t last;
};

/// Not printable in Unicode's general categories: Cc, Cf, Zs but the space, Zl, Zp, Cs, Co, and the
/// non-characters that matter.
constexpr Range unprintable[] = {
    {0x00, 0x1f},     {0x7f, 0xa0},     {0xad, 0xad},       {0x600, 0x605},   {0x61c, 0x61c},
    {0x6dd, 0x6dd},   {0x70f, 0x70f},   {0x1680, 0x1680},   {0x180e, 0x180e}, {0x2000, 0x200f},
    {0x2028, 0x202f}, {0x205f, 0x206f}, {0x3000, 0x3000},   {0xd800, 0xf8ff}, {0xfeff, 0xfeff},
    {0xfff0, 0xfffb}, {0xfffe, 0xffff}, {0xe0000, 0x10ffff}};

bool is_unprintable(std::uint32_t code) {
  for (const Range& range : unprintable) {
    if (code >= range.first && code <= range.last) return true;
  }
  return false;
}

/// The code point at `at`, which moves behind it. Bytes that are no UTF-8 count as U+FFFD, one
/// each, as in Go; that one is printable.
std::uint32_t next_code_point(std::string_view text, std::size_t& at) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  const std::uint32_t first = byte(at++);
  if (first < 0x80) return first;
  const std::uint32_t more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
  std::uint32_t code = first & (0x3fu >> more);
  for (std::uint32_t i = 0; i < more; ++i) {
    if ((byte(at + i) & 0xc0) != 0x80) return 0xfffd;
    code = (code << 6) | (byte(at + i) & 0x3f);
  }
  constexpr std::uint32_t smallest[] = {0, 0x80, 0x800, 0x10000};
  if (first < 0xc2 || first > 0xf4 || code < smallest[more] || code > 0x10ffff) return 0xfffd;
  at += more;
  return code;
}

}  // namespace

bool is_printable(std::string_view path) {
  for (std::size_t at = 0; at < path.size();) {
    if (is_unprintable(next_code_point(path, at))) return false;
  }
  return true;
}

std::optional<std::string> cleaned_path(std::string_view path) {
  if (path.starts_with("/v1/kv/") || !path.starts_with('/')) return std::nullopt;
  if (path.find("//") == std::string_view::npos && path.find("/.") == std::string_view::npos) {
    return std::nullopt;
  }
  std::vector<std::string_view> kept;
  for (std::string_view left = path; !left.empty();) {
    const std::size_t end = left.find('/');
    const std::string_view segment = left.substr(0, end);
    left.remove_prefix(end == std::string_view::npos ? left.size() : end + 1);
    if (segment == "..") {
      if (!kept.empty()) kept.pop_back();
    } else if (!segment.empty() && segment != ".") {
      kept.push_back(segment);
    }
  }
  std::string clean;
  for (const std::string_view segment : kept) clean.append("/").append(segment);
  if (clean.empty() || path.ends_with('/')) clean.push_back('/');
  if (clean == path) return std::nullopt;
  return clean;
}

}  // namespace conclave::api
