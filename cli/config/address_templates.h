#pragma once

/// Puts addresses in the place of templates such as `{{ GetPrivateIP }}` (contract 16.2), in every
/// key that holds addresses. Pure.

#include <span>
#include <string_view>

#include "base/core/result.h"
#include "cli/config/agent_config.h"
#include "cli/config/settings.h"
#include "cli/sockaddr/interfaces.h"

namespace conclave::cli {

enum class AddressCount : std::uint8_t {
  one,   ///< A template must give exactly one.
  some,  ///< One or more, with spaces between them.
};

struct AddressKey {
  std::string_view path;
  AddressCount count;
};

std::span<const AddressKey> address_keys();

/// Errors name the key, the template with the place in it, and the interfaces that exist.
Result<void> expand_addresses(const sockaddr::Interfaces& interfaces, Settings& settings);

/// The same for a list, the value of a key, whose templates may give several addresses.
Result<void> expand_list(std::string_view path, const sockaddr::Interfaces& interfaces,
                         const Settings& settings, TextList& list);
/// The same for start_join and retry_join.
Result<void> expand_joins(const sockaddr::Interfaces& interfaces, const Settings& settings,
                          AgentConfig& config);

}  // namespace conclave::cli
