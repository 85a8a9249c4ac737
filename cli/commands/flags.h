#pragma once

/// Flags as Consul's users write them: one dash or two, `-x=v` or `-x v`, booleans bare. They are
/// normalised here and parsed by CLI11.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/core/result.h"

namespace conclave::cli {

struct FlagSpec {
  std::string name;      ///< Without dashes.
  bool boolean = false;  ///< Takes no value but =true and =false.
  std::string help = {};
};

struct FlagValue {
  std::string name;
  std::string value;  ///< "true" or "false" for booleans.
};

class ParsedFlags {
 public:
  ParsedFlags(std::vector<FlagValue> values, std::vector<std::string> positionals, bool help)
      : values_(std::move(values)), positionals_(std::move(positionals)), help_(help) {}

  /// All, in the order given.
  const std::vector<FlagValue>& values() const { return values_; }
  const std::vector<std::string>& positionals() const { return positionals_; }
  bool help() const { return help_; }

  bool is_on(std::string_view name) const;
  /// The last value given.
  std::optional<std::string> value(std::string_view name) const;
  /// All values given, of a flag that may be repeated.
  std::vector<std::string> all(std::string_view name) const;

 private:
  std::vector<FlagValue> values_;
  std::vector<std::string> positionals_;
  bool help_;
};

/// Errors are sentences as Go's flag package says them: `flag provided but not defined: -x`, `flag
/// needs an argument: -x`. Parsing of flags ends at the first word that is none of a flag, as
/// there, or at `--`.
Result<ParsedFlags> parse_flags(std::span<const FlagSpec> specs,
                                const std::vector<std::string>& arguments);

/// The list of flags for a help text.
std::string describe_flags(std::span<const FlagSpec> specs);

}  // namespace conclave::cli
