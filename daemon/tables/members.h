#pragma once

/// The member table, by name without case.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "api/model/member.h"
#include "daemon/store/rows.h"

namespace conclave::daemon {

std::string member_key(std::string_view name);

std::optional<api::Member> find_member(const ReadRows& rows, std::string_view name);
/// All members, by lower-case name.
/// How many there are; decodes none.
std::uint64_t count_members(const ReadRows& rows);
void visit_members(const ReadRows& rows, FunctionRef<bool(const api::Member&)> visit);

}  // namespace conclave::daemon
