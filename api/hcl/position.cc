#include "api/hcl/position.h"

#include <fmt/format.h>

#include <algorithm>

namespace conclave::api::hcl {

Position position_of(std::string_view text, std::size_t offset) {
  Position at;
  for (const char c : text.substr(0, std::min(offset, text.size()))) {
    if (c == '\n') {
      ++at.line;
      at.column = 1;
    } else if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) {
      ++at.column;
    }
  }
  return at;
}

std::unexpected<Error> fail_at(Position at, std::string_view message) {
  return fail(ErrorCode::bad_request, fmt::format("{}:{}: {}", at.line, at.column, message));
}

}  // namespace conclave::api::hcl
