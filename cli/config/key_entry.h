#pragma once

/// The one table of configuration keys: what each is, by default and in Consul, and what becomes of
/// it here. The loader's rules (cli/config/keys.h) and docs/configuration.md are made of it.

#include <span>
#include <string_view>

#include "cli/config/keys.h"

namespace conclave::cli {

struct KeyEntry {
  std::string_view path;  ///< Dotted: "ports.http".
  KeyType type;
  KeyClass key_class;
  std::string_view fallback;  ///< What counts without it, as JSON; "" = nothing, or it depends.
  std::string_view meaning;   ///< What it does, in Consul where it does nothing here.
  std::string_view why = {};  ///< For later and refused: why it has no effect or cannot be had.
};

/// The keys of one subject, sorted by path.
struct KeySubject {
  std::string_view title;
  std::span<const KeyEntry> entries;
};

/// All subjects, in the order of the documentation.
std::span<const KeySubject> key_subjects();

}  // namespace conclave::cli
