#pragma once

/// Compressed responses (contract 1.5): for those who ask, from the size on from which it pays.

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace conclave::api {

inline constexpr std::size_t gzip_bytes_min = 1400;
/// Larger bodies that are in memory are sent as they are: compressing one would hold up the loop
/// for milliseconds. Streams are compressed piece by piece.
inline constexpr std::size_t gzip_bytes_max = 256 * 1024;

/// Accept-Encoding names gzip, without q=0.
bool accepts_gzip(std::string_view accept_encoding);

/// The gzip form of `bytes`; nullopt when zlib has no memory.
std::optional<std::string> gzip(std::string_view bytes);

/// The same piece by piece. Without memory for zlib nothing comes out, not even an end.
class GzipStream {
 public:
  GzipStream();
  ~GzipStream();
  GzipStream(const GzipStream&) = delete;
  GzipStream& operator=(const GzipStream&) = delete;

  /// What is ready after these bytes, which may be nothing.
  std::string append(std::string_view bytes);
  /// The rest, after the last piece.
  std::string end();

 private:
  std::string deflate(std::string_view bytes, int flush);

  struct Zlib;
  std::unique_ptr<Zlib> zlib_;
};

}  // namespace conclave::api
