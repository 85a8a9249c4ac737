#pragma once

/// Where something stands in a text that a person wrote.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/core/result.h"

namespace conclave::api::hcl {

/// Both count from 1; columns are characters, not bytes.
struct Position {
  std::uint32_t line = 1;
  std::uint32_t column = 1;

  friend bool operator==(const Position&, const Position&) = default;
};

/// Of the byte at `offset`, or of the end.
Position position_of(std::string_view text, std::size_t offset);

/// bad_request with "3:14: <message>".
std::unexpected<Error> fail_at(Position at, std::string_view message);

}  // namespace conclave::api::hcl
