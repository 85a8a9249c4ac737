#include "daemon/tables/meta.h"

#include "daemon/tables/key.h"
#include "daemon/tables/row.h"

namespace conclave::daemon {

std::string meta_key() { return table_key(Table::meta); }
std::string time_key() { return table_key(Table::time); }

Meta read_meta(const ReadRows& rows) { return read_row<Meta>(rows, meta_key()).value_or(Meta{}); }

}  // namespace conclave::daemon
