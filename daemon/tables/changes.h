#pragma once

/// The changes table: what each revision changed, in order. Resumable streams and time travel stand
/// on it. It is trimmed from the front: resuming at or below Meta::changes_floor yields an explicit
/// gap.

#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>

#include "api/model/field.h"

namespace conclave::daemon {

/// The oldest changes go once there are more than this, or their rows have more bytes than this
/// together.
inline constexpr std::uint64_t changes_count_max = 65'536;
inline constexpr std::uint64_t changes_bytes_max = 16 << 20;

enum class ChangeOp : std::uint8_t { put = 0, erase = 1 };

}  // namespace conclave::daemon

template <>
inline constexpr std::uint64_t conclave::api::enum_end<conclave::daemon::ChangeOp> = 2;

namespace conclave::daemon {

/// One change of one object. Views: a stored row is read in place, and written without copying.
struct ChangeRow {
  std::uint64_t topic = 0;  ///< A TopicKind (daemon/state/change_set.h).
  ChangeOp op = ChangeOp::put;
  std::string_view name;  ///< KV key, session id, node, service or member name.
  std::string_view key;   ///< Row key of the object.
  std::string_view row;   ///< Its new row; empty when erased.

  static constexpr auto fields() {
    using api::field;
    return std::tuple{field(1, "Topic", &ChangeRow::topic), field(2, "Op", &ChangeRow::op),
                      field(3, "Name", &ChangeRow::name), field(4, "Key", &ChangeRow::key),
                      field(5, "Row", &ChangeRow::row)};
  }
};

/// [revision BE][sub-index BE]: order of keys is order of changes.
std::string change_key(std::uint64_t revision, std::uint32_t sub_index);
/// The revision in such a key.
std::uint64_t change_revision(std::string_view change_key);

}  // namespace conclave::daemon
