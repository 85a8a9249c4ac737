#pragma once

/// Reading a row as a record. Rows are checked by the store (docs/formats.md section 3), so one
/// that cannot be decoded is a fault of this server and ends it.

#include <optional>
#include <string>
#include <string_view>

#include "api/model/record.h"
#include "base/core/assert.h"
#include "daemon/store/rows.h"

namespace conclave::daemon {

template <class T>
T decode_row(std::string_view row) {
  Result<T> value = api::decode_record<T>(row);
  CONCLAVE_ASSERT_WHY(value.has_value(), "a row of the state cannot be decoded");
  return std::move(*value);
}

template <class T>
std::optional<T> read_row(const ReadRows& rows, std::string_view key) {
  const auto row = rows.get(key);
  if (!row) return std::nullopt;
  return decode_row<T>(*row);
}

/// Visits the rows below a prefix, decoded, until the visitor returns false.
template <class T>
void visit_rows(const ReadRows& rows, std::string_view prefix, FunctionRef<bool(const T&)> visit) {
  rows.scan_prefix(
      prefix, [&](std::string_view, std::string_view row) { return visit(decode_row<T>(row)); });
}

}  // namespace conclave::daemon
