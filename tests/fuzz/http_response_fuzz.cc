// The response parser of the HTTP client (health checks, the command line): the same response
// however it is cut into pieces, and never more of a body than was asked for.

#include <string>

#include "api/http/response_parser.h"
#include "base/core/assert.h"
#include "base/core/hash.h"
#include "base/core/rng.h"
#include "tests/fuzz/input.h"

namespace conclave::fuzz {
namespace {

using State = api::ResponseParser::State;

constexpr std::uint64_t body_bytes_max = 64;

struct Outcome {
  std::string story;
  bool truncated = false;
};

Outcome read_all(std::string_view bytes, bool no_body, Rng* cutter) {
  api::ResponseParser parser(body_bytes_max, no_body);
  State state = State::more;
  while (!bytes.empty() && state == State::more) {
    const std::size_t limit = std::min<std::size_t>(bytes.size(), 40);
    const std::size_t piece = cutter == nullptr ? bytes.size() : cutter->between(1, limit);
    state = parser.feed(bytes.substr(0, piece));
    bytes.remove_prefix(piece);
  }
  if (state == State::more && !parser.got_some()) return {"nothing"};
  if (state == State::more) state = parser.end();
  const api::ClientResponse& response = parser.response();
  CONCLAVE_ASSERT(response.body.size() <= body_bytes_max);
  CONCLAVE_ASSERT(state != State::more);
  if (state == State::failed) {
    CONCLAVE_ASSERT(!parser.reason().empty());
    return {"failed", response.truncated};
  }
  std::string story = std::to_string(response.status) + " " + response.reason;
  for (const auto& [name, value] : response.headers) story += "\n" + name + ": " + value;
  return {story + "\n\n" + response.body, response.truncated};
}

}  // namespace

void check(std::string_view bytes) {
  Rng cutter(hash64(bytes));
  for (const bool no_body : {false, true}) {
    const Outcome whole = read_all(bytes, no_body, nullptr);
    const Outcome pieces = read_all(bytes, no_body, &cutter);
    // What is wrong beyond the bytes that are kept is seen only if it came with them.
    if (whole.truncated || pieces.truncated) continue;
    CONCLAVE_ASSERT(whole.story == pieces.story);
  }
}

}  // namespace conclave::fuzz
