#pragma once

/// Every key that Consul's configuration reference names, and Conclave's own, with what becomes of
/// it. A key that is not here is an error (contract 16.1); a key whose neglect would weaken
/// security is implemented or refused, never ignored (design section 1).

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace conclave::cli {

enum class KeyClass : std::uint8_t {
  implemented,  ///< Read and obeyed.
  moot,     ///< Accepted in silence: it configures something that Conclave does not have or need.
  later,    ///< Accepted with a warning when it is set: nothing happens yet.
  refused,  ///< An error when it is set to anything but its empty value (false, "", [], {}, null).
};

enum class KeyType : std::uint8_t {
  boolean,
  integer,
  text,
  duration,     ///< Go duration text, or a number of nanoseconds; kept as text.
  text_list,    ///< Files and flags append to each other. A single text counts as a list of one.
  text_map,     ///< Later files win key by key.
  definitions,  ///< service, services, check, checks: objects that accumulate.
  any,          ///< Whatever JSON; nothing inside is looked at.
};

struct KeyRule {
  std::string_view path;  ///< Dotted: "ports.http".
  KeyType type;
  KeyClass key_class;
  std::string_view why = {};  ///< For later and refused: the end of the sentence that is shown.
};

/// All rules, sorted by path.
std::span<const KeyRule> key_rules();

/// The rule of exactly this path, or nullptr.
const KeyRule* find_key_rule(std::string_view path);
/// True if known keys lie below this path ("ports").
bool is_key_group(std::string_view path);

/// The known path that is most like an unknown one: a sibling with few letters changed, else the
/// same last name elsewhere, else the sibling with the fewest changes. Never empty.
std::string nearest_key(std::string_view unknown_path);

/// Levenshtein distance in bytes.
std::size_t edit_distance(std::string_view a, std::string_view b);

}  // namespace conclave::cli
