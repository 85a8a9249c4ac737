#include "daemon/members/keyring_rules.h"

#include <fmt/format.h>

#include <algorithm>

namespace conclave::daemon {
namespace {

Result<std::optional<api::KeyringRecord>> none() { return std::optional<api::KeyringRecord>(); }

}  // namespace

std::string incomplete_text(const KeyringHolders& holders) {
  return fmt::format("{}/{} nodes reported success", holders.holders, holders.servers);
}

Result<std::optional<api::KeyringRecord>> next_keyring(const api::KeyringRecord& now,
                                                       KeyringWish wish, const std::string& key,
                                                       const KeyringHolders& holders,
                                                       std::uint64_t term) {
  api::KeyringRecord next = now;
  const auto at = std::ranges::find(next.keys, api::Bytes{key});
  const bool is_there = at != next.keys.end();
  switch (wish) {
    case KeyringWish::install:
      if (is_there) return none();
      if (next.keys.size() >= api::KeyringRecord::keys_max) {
        return fail(
            ErrorCode::failed,
            fmt::format("the keyring is full: remove one of its {} keys first", next.keys.size()));
      }
      next.keys.push_back({key});
      break;
    case KeyringWish::use:
      if (!is_there) return fail(ErrorCode::failed, "Requested key is not in the keyring");
      if (at == next.keys.begin()) return none();
      if (holders.holders < holders.servers) {
        return fail(ErrorCode::failed,
                    incomplete_text(holders) +
                        ": a key is used once all servers have it; they get it when they are back");
      }
      std::rotate(next.keys.begin(), at, at + 1);
      break;
    case KeyringWish::remove:
      if (!is_there) return none();
      if (at == next.keys.begin()) {
        return fail(ErrorCode::failed, "Removing the primary key is not allowed");
      }
      if (holders.holders < holders.servers) {
        return fail(ErrorCode::failed, incomplete_text(holders) +
                                           ": a server that is away would not find back without "
                                           "this key; wait for it, or force-leave it");
      }
      if (holders.agents_may_lag) {
        return fail(ErrorCode::failed,
                    "agents have not heard of the key in use yet; try again in half a minute");
      }
      next.keys.erase(at);
      break;
  }
  next.number = term > now.term ? 1 : now.number + 1;
  next.term = std::max(term, now.term);
  return std::optional(std::move(next));
}

}  // namespace conclave::daemon
