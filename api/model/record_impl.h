#pragma once

/// How record.h is done. Included by it only.

#include "api/model/record_read.h"
#include "api/model/record_write.h"
#include "base/core/assert.h"

namespace conclave::api {

template <Described T>
void append_record(std::string& out, const T& value) {
  const std::size_t before = out.size();
  const std::size_t size = record::struct_size(value);
  if (size == 0) return;
  // libstdc++ 12 hands the new capacity to the callable, not the size that was asked for.
  out.resize_and_overwrite(before + size, [&](char* data, std::size_t) {
    char* end = record::write_struct(data + before, value);
    CONCLAVE_ASSERT(end == data + before + size);
    return before + size;
  });
}

template <Described T>
Result<T> decode_record(std::string_view bytes) {
  Result<T> value;
  if (!record::read_struct(bytes, *value)) {
    return fail(ErrorCode::corrupt, "these bytes are not a record of the expected kind");
  }
  return value;
}

}  // namespace conclave::api
