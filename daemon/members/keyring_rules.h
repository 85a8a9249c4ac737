#pragma once

/// What a wish concerning the cluster's keys makes of them, and when it may be carried out. Pure.

#include <cstdint>
#include <optional>
#include <string>

#include "api/rpc/cluster_keyring.h"
#include "base/core/result.h"

namespace conclave::daemon {

enum class KeyringWish : std::uint8_t { install, use, remove };

/// Who has the keyring that is in force, besides this server.
struct KeyringHolders {
  std::size_t servers = 1;  ///< All of the configuration, this one included.
  std::size_t holders = 1;
  bool agents_may_lag = false;  ///< There are agents, and it is newer than they ask.
};

/// The keys afterwards; nullopt: it is so already. Consul's memberlist's words where it has any.
/// Using needs every server to have the key; removing, every node to know which one is used
/// instead: who does not would not find back.
Result<std::optional<api::KeyringRecord>> next_keyring(const api::KeyringRecord& now,
                                                       KeyringWish wish, const std::string& key,
                                                       const KeyringHolders& holders,
                                                       std::uint64_t term);

/// "1/3 nodes reported success: ..."
std::string incomplete_text(const KeyringHolders& holders);

}  // namespace conclave::daemon
