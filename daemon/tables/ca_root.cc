#include "daemon/tables/ca_root.h"

#include "daemon/tables/key.h"
#include "daemon/tables/row.h"

namespace conclave::daemon {

std::string ca_root_key() { return table_key(Table::ca_root); }

std::optional<api::CaRoot> read_ca_root(const ReadRows& rows) {
  return read_row<api::CaRoot>(rows, ca_root_key());
}

}  // namespace conclave::daemon
