#pragma once

/// The flags of `conclave agent`: contract 16.1's whole list, each with the configuration key it
/// stands for. Flags are settings, so classes, types and refusals are those of cli/config/keys.h.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/core/result.h"
#include "cli/config/settings.h"

namespace conclave::cli {

enum class AgentFlagKind : std::uint8_t {
  setting,    ///< Sets `path`; may be repeated when the key is a list.
  toggle,     ///< Bare, or with =true|false.
  node_meta,  ///< key:value.
  config_file,
  config_dir,
  config_format,
  config_text,  ///< -hcl: a piece of configuration on the command line.
  dev,
};

struct AgentFlag {
  std::string_view name;  ///< Without dashes.
  AgentFlagKind kind;
  std::string_view path;  ///< Of the key; "" for the special ones.
  std::string_view help;
};

std::span<const AgentFlag> agent_flags();
const AgentFlag* find_agent_flag(std::string_view name);

/// One flag as it was given.
struct GivenFlag {
  std::string name;
  std::string value;
};

/// Puts a flag of kind setting, toggle or node_meta into the settings.
Result<void> apply_flag(const AgentFlag& flag, const std::string& value, Settings& settings);

}  // namespace conclave::cli
