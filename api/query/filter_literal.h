#pragma once

/// Values in filter expressions are Go's: its string literals, its numbers, its booleans, and the
/// way it quotes a text in an error (contract 10).

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

namespace conclave::api {

/// What a literal means, quotes included in `literal`: "double" with Go's escapes, `raw` without
/// any. None if Go's strconv.Unquote would refuse it.
std::optional<std::string> unquote_go(std::string_view literal);

/// Go's %q, apart from characters beyond ASCII, which stay as they are.
std::string quote_go(std::string_view text);

/// Go's strconv.ParseInt and ParseUint with base 0 (0x, 0o, 0b and underscores between digits), and
/// ParseBool; the error is Go's sentence.
std::expected<std::int64_t, std::string> parse_go_int(std::string_view text);
std::expected<std::uint64_t, std::string> parse_go_uint(std::string_view text);
std::expected<bool, std::string> parse_go_bool(std::string_view text);

}  // namespace conclave::api
