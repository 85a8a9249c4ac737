#include "daemon/tables/autopilot.h"

#include "daemon/tables/key.h"
#include "daemon/tables/row.h"

namespace conclave::daemon {

std::string autopilot_key() { return table_key(Table::autopilot); }

std::optional<api::AutopilotConfig> read_autopilot(const ReadRows& rows) {
  return read_row<api::AutopilotConfig>(rows, autopilot_key());
}

}  // namespace conclave::daemon
