#include "daemon/tables/events.h"

#include "daemon/tables/key.h"
#include "daemon/tables/row.h"

namespace conclave::daemon {

std::string event_key(std::uint64_t revision) { return number_key(Table::events, revision); }

void visit_events(const ReadRows& rows, FunctionRef<bool(const api::UserEvent&)> visit) {
  visit_rows<api::UserEvent>(rows, table_key(Table::events), visit);
}

}  // namespace conclave::daemon
