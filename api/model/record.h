#pragma once

/// The one binary encoding of the project: stored rows, log entries and snapshots are Described
/// structs written in protobuf's wire format with the field table's numbers as tags. It is
/// canonical (fields in ascending number order, empty and zero members left out, maps sorted by
/// key), so that equal values are equal bytes and state hashes compare; and `protoc --decode_raw`
/// can read it.
///
/// Mapping: bool, integers and enums: varint (int64 as zig-zag) · double: fixed64 · string, Bytes:
/// length-delimited · Nanos: zig-zag varint of nanoseconds · struct, optional<struct>:
/// length-delimited record (an engaged optional is written even if empty) · vector<T>: repeated,
/// never packed · map: repeated record {1: key, 2: value} · variant: a record with one
/// length-delimited field whose number is the alternative's T::record_tag (boxed or not).
///
/// Decoding is strict: an unknown tag, a wrong wire type, a number out of order, a repeated single
/// field, an empty member that should have been left out, an unsorted map, an enum value that
/// nobody knows, trailing bytes or a non-canonical varint is an Error with ErrorCode::corrupt: an
/// entry that a server cannot fully decode stops that server, it is never skipped (design section
/// 6).

#include <string>
#include <string_view>

#include "api/model/field.h"
#include "base/core/result.h"

namespace conclave::api {

template <Described T>
void append_record(std::string& out, const T& value);

template <Described T>
std::string encode_record(const T& value) {
  std::string out;
  append_record(out, value);
  return out;
}

template <Described T>
Result<T> decode_record(std::string_view bytes);

}  // namespace conclave::api

#include "api/model/record_impl.h"  // IWYU pragma: export
