#pragma once

/// The head of a response as bytes: status line, the server's own headers, the handler's headers,
/// empty line.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "api/http/message.h"

namespace conclave::api {

/// "Not Found"; "" for a number without a registered phrase.
std::string_view reason_phrase(int status);

/// How the body is delimited (RFC 9112 section 6).
struct Framing {
  std::optional<std::uint64_t>
      length;  ///< Content-Length; nullopt: chunked, or until the connection is closed.
  bool chunked = false;
  bool close = false;          ///< Connection: close.
  bool keep_alive_10 = false;  ///< Connection: keep-alive, which HTTP/1.0 clients want to hear.
};

/// Appends the whole head to `out`. `date` is the value of the Date header. Line ends inside header
/// values become spaces: no value can begin a header of its own.
void append_head(std::string& out, const Response& response, const Framing& framing,
                 std::string_view date);

/// "Mon, 02 Jan 2006 15:04:05 GMT" (RFC 9110 section 5.6.7) of Unix seconds.
std::string format_http_date(std::int64_t unix_seconds);

}  // namespace conclave::api
