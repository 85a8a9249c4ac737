#include "api/rest/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <array>

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

struct GzipStream::Zlib {
  z_stream stream{};
  bool works = false;
};

GzipStream::GzipStream() : zlib_(std::make_unique<Zlib>()) {
  zlib_->works = deflateInit2(&zlib_->stream, Z_BEST_SPEED, Z_DEFLATED, gzip_window_bits,
                              memory_level, Z_DEFAULT_STRATEGY) == Z_OK;
}

GzipStream::~GzipStream() {
  if (zlib_->works) deflateEnd(&zlib_->stream);
}

std::string GzipStream::append(std::string_view bytes) { return deflate(bytes, Z_NO_FLUSH); }
std::string GzipStream::end() { return deflate({}, Z_FINISH); }

std::string GzipStream::deflate(std::string_view bytes, int flush) {
  std::string out;
  if (!zlib_->works) return out;
  z_stream& stream = zlib_->stream;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::array<Bytef, 16 * 1024> buffer{};
  do {
    stream.next_out = buffer.data();
    stream.avail_out = static_cast<uInt>(buffer.size());
    ::deflate(&stream, flush);
    out.append(reinterpret_cast<const char*>(buffer.data()), buffer.size() - stream.avail_out);
  } while (stream.avail_out == 0);
  return out;
}

}  // namespace conclave::api
