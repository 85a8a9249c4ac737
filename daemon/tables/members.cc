#include "daemon/tables/members.h"

#include "daemon/tables/key.h"
#include "daemon/tables/row.h"

namespace conclave::daemon {

std::string member_key(std::string_view name) { return name_key(Table::members, name); }

std::optional<api::Member> find_member(const ReadRows& rows, std::string_view name) {
  return read_row<api::Member>(rows, member_key(name));
}

std::uint64_t count_members(const ReadRows& rows) {
  std::uint64_t count = 0;
  rows.scan_prefix(table_key(Table::members),
                   [&](std::string_view, std::string_view) { return ++count > 0; });
  return count;
}

void visit_members(const ReadRows& rows, FunctionRef<bool(const api::Member&)> visit) {
  visit_rows<api::Member>(rows, table_key(Table::members), visit);
}

}  // namespace conclave::daemon
