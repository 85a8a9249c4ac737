#include "daemon/tables/requests.h"

#include "daemon/tables/key.h"

namespace conclave::daemon {

std::string request_key(std::string_view request_id) {
  std::string key = table_key(Table::requests);
  append_tail(key, request_id, tail_bytes_max);
  return key;
}

std::string request_order_key(std::uint64_t sequence) {
  return number_key(Table::request_order, sequence);
}

}  // namespace conclave::daemon
