#pragma once

/// Reads of keys (contract sections 3 and 2.3). Each returns the index that belongs to its result.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/store/rows.h"
#include "daemon/tables/kv.h"

namespace conclave::daemon {

struct KeyRead {
  std::optional<KvView> entry;  ///< Borrowed from the rows.
  std::uint64_t index = 0;      ///< Its ModifyIndex; missing: the newest change of any key.
};
KeyRead read_key(const ReadRows& rows, std::string_view key);

/// Appends the entry object of contract section 3: what write_json(KvEntry) gives, without a copy.
void write_entry(std::string& out, const KvView& entry);

/// The index of a listing is that of the newest change or deletion below its prefix; if there never
/// was any, or for the empty prefix, that of the newest change of any key. Deletions that were
/// forgotten count as the index floor.
struct KvListing {
  std::size_t count = 0;
  std::uint64_t index = 0;
};
/// Takes all entries below `prefix`, sorted bytewise by key.
KvListing list_entries(const ReadRows& rows, std::string_view prefix,
                       FunctionRef<void(const KvView&)> take);

/// The keys below `prefix`; with a separator each is cut behind its first one past the prefix, and
/// what is then equal is taken once.
KvListing list_keys(const ReadRows& rows, std::string_view prefix, std::string_view separator,
                    FunctionRef<void(std::string_view)> take);

}  // namespace conclave::daemon
