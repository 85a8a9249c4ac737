#include "daemon/members/records.h"

#include <algorithm>

namespace conclave::daemon {

api::Bytes id_bytes(const UuidBytes& id) {
  return {std::string(reinterpret_cast<const char*>(id.data()), id.size())};
}

UuidBytes id_from(const api::Bytes& bytes) {
  UuidBytes id{};
  if (bytes.data.size() == id.size()) std::ranges::copy(bytes.data, id.begin());
  return id;
}

std::string id_text(const api::Bytes& bytes) {
  return bytes.data.empty() ? std::string() : format_uuid(id_from(bytes));
}

}  // namespace conclave::daemon
