#include "api/rest/gzip.h"

#include <zlib.h>

#include <algorithm>

#include "base/core/text.h"

namespace conclave::api {

namespace {

/// Twice the window's bits select zlib's gzip wrapping.
constexpr int gzip_window_bits = 15 + 16;
constexpr int memory_level = 8;

/// "q=0", "q=0.0", ...: not wanted at all.
bool is_refused(std::string_view parameters) {
  const std::size_t q = parameters.find("q=0");
  if (q == std::string_view::npos) return false;
  const std::string_view rest = parameters.substr(q + 3);
  return rest.find_first_of("123456789") == std::string_view::npos;
}

}  // namespace

bool accepts_gzip(std::string_view accept_encoding) {
  while (!accept_encoding.empty()) {
    const std::size_t comma = accept_encoding.find(',');
    const std::string_view item = accept_encoding.substr(0, comma);
    accept_encoding.remove_prefix(comma == std::string_view::npos ? accept_encoding.size()
                                                                  : comma + 1);
    const std::size_t semicolon = item.find(';');
    if (!equal_ignoring_case(trim_spaces(item.substr(0, semicolon)), "gzip")) continue;
    return semicolon == std::string_view::npos || !is_refused(item.substr(semicolon));
  }
  return false;
}

std::optional<std::string> gzip(std::string_view bytes) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, gzip_window_bits, memory_level,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    return std::nullopt;
  }
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int done = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (done != Z_STREAM_END) return std::nullopt;
  return out;
}

}  // namespace conclave::api
