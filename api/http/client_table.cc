#include "api/http/client_table.h"

#include "base/core/assert.h"

namespace conclave::api {

bool ClientTable::enter(const std::string& address, std::uint32_t max) {
  const std::lock_guard lock(mutex_);
  std::uint32_t& count = counts_[address];
  // A refused address has an entry already: 0 is below every limit.
  if (max != 0 && count >= max) return false;
  ++count;
  return true;
}

void ClientTable::leave(const std::string& address) {
  const std::lock_guard lock(mutex_);
  const auto entry = counts_.find(address);
  CONCLAVE_ASSERT(entry != counts_.end());
  if (--entry->second == 0) counts_.erase(entry);
}

ClientTable& ClientTable::of_process() {
  static ClientTable table;
  return table;
}

}  // namespace conclave::api
