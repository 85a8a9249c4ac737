#pragma once

/// A semaphore below a prefix (contract 5.5): each contender has a key of its own that dies with
/// its session, and `.lock` holds who has a slot: {"Limit":3,"Holders":{"<session>":true}}.

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "api/model/kv.h"
#include "cli/commands/lock_claim.h"

namespace conclave::cli {

struct SemaphoreRecord {
  std::uint64_t limit = 0;
  std::map<std::string, bool> holders;  ///< By session.

  static constexpr auto fields() {
    return std::tuple{api::field(0, "Limit", &SemaphoreRecord::limit),
                      api::field(0, "Holders", &SemaphoreRecord::holders)};
  }
};

/// The keys below a semaphore's prefix, as one answer shows them.
struct SemaphoreView {
  SemaphoreRecord record;
  std::uint64_t modify_index = 0;    ///< Of `.lock`, 0 = it does not exist.
  std::set<std::string> contenders;  ///< Sessions that are alive.
};

/// Errors: `.lock` is used for something else, cannot be read, or has another limit than `limit`.
/// Holders whose session is gone are left out. Pure.
Result<SemaphoreView> read_semaphore(const std::vector<api::KvEntry>& entries,
                                     std::string_view prefix, std::uint64_t limit);

std::unique_ptr<Claim> make_semaphore_claim(AgentTasks& agent, std::string prefix,
                                            std::uint64_t limit);

}  // namespace conclave::cli
