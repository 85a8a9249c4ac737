#include "daemon/tables/changes.h"

#include "base/core/assert.h"
#include "base/core/bytes.h"
#include "daemon/tables/key.h"

namespace conclave::daemon {

std::string change_key(std::uint64_t revision, std::uint32_t sub_index) {
  std::string key = number_key(Table::changes, revision);
  append_u32_be(key, sub_index);
  return key;
}

std::uint64_t change_revision(std::string_view change_key) {
  CONCLAVE_ASSERT(change_key.size() == 1 + 8 + 4);
  return load_u64_be(change_key.data() + 1);
}

}  // namespace conclave::daemon
