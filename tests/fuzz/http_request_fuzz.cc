// The request parser of the HTTP server: whatever arrives, and however it is cut into pieces, the
// same requests come out, within the limits.

#include <string>

#include "api/http/request_parser.h"
#include "base/core/assert.h"
#include "base/core/hash.h"
#include "base/core/rng.h"
#include "tests/fuzz/input.h"

namespace conclave::fuzz {
namespace {

using api::RequestParser;
using State = RequestParser::State;

constexpr std::uint32_t header_bytes_max = 512;
constexpr std::uint64_t body_bytes_max = 64;
constexpr int requests_max = 4;

/// One connection: bytes arrive, what the parser leaves over is kept, as api/http/connection.cc
/// does.
struct Connection {
  std::string_view bytes;
  Rng* cutter;  ///< nullptr: everything arrives at once.
  std::string held;

  bool receive() {
    if (bytes.empty()) return false;
    const std::size_t size = cutter == nullptr ? bytes.size() : cutter->between(1, bytes.size());
    const std::size_t piece = cutter == nullptr ? size : std::min<std::size_t>(size, 40);
    held.append(bytes.substr(0, piece));
    bytes.remove_prefix(piece);
    return true;
  }

  State advance(RequestParser& parser) {
    std::size_t used = 0;
    State state = State::head;
    for (;;) {
      std::size_t consumed = 0;
      state = parser.feed(std::string_view(held).substr(used), consumed);
      CONCLAVE_ASSERT(consumed <= held.size() - used);
      used += consumed;
      if (state != State::head_done) break;
      if (parser.declared_length().value_or(0) > body_bytes_max) return State::failed;
      parser.allow_body(body_bytes_max);
    }
    held.erase(0, used);
    return state;
  }
};

void describe(std::string& story, RequestParser& parser) {
  const api::Request& request = parser.request();
  CONCLAVE_ASSERT(request.body.size() <= body_bytes_max);
  CONCLAVE_ASSERT(request.headers.size() <= 100);
  CONCLAVE_ASSERT(request.path == "*" || request.path.starts_with('/'));
  story += request.method_text + " " + request.target + " " + request.path;
  for (const auto& [name, value] : request.query) story += "\n?" + name + "=" + value;
  for (const auto& [name, value] : request.headers) story += "\n" + name + ": " + value;
  story += "\n" + request.body + (parser.keep_alive() ? "\nmore\n" : "\nlast\n");
}

/// The requests that are served. What is wrong with a head is noticed at once or only when the head
/// is whole, depending on the cuts, so refusing and waiting for more count as the same.
std::string read_all(std::string_view bytes, Rng* cutter) {
  Connection connection{bytes, cutter, {}};
  std::string story;
  for (int i = 0; i < requests_max; ++i) {
    RequestParser parser(header_bytes_max);
    State state = connection.advance(parser);
    while (state == State::head || state == State::body) {
      if (!connection.receive()) return story;
      state = connection.advance(parser);
    }
    if (state == State::failed) {
      CONCLAVE_ASSERT(parser.status() == 0 || (parser.status() >= 400 && parser.status() < 600));
      CONCLAVE_ASSERT((parser.status() == 0) == parser.reason().empty());
      return story;
    }
    describe(story, parser);
    if (!parser.keep_alive()) break;
  }
  return story;
}

}  // namespace

void check(std::string_view bytes) {
  const std::string whole = read_all(bytes, nullptr);
  Rng cutter(hash64(bytes));
  for (int i = 0; i < 2; ++i) CONCLAVE_ASSERT(read_all(bytes, &cutter) == whole);
}

}  // namespace conclave::fuzz
