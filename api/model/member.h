#pragma once

/// The member table: who belongs to this cluster, apart from the catalog (design: membership).
/// Shown by /v1/agent/members, which adds the protocol numbers that Serf clients expect.

#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>

#include "api/model/catalog.h"
#include "api/model/field.h"

namespace conclave::api {

/// Serf's numbers, as /v1/agent/members shows them.
enum class MemberStatus : std::uint8_t { none = 0, alive = 1, leaving = 2, left = 3, failed = 4 };

/// As Serf's clients print it.
constexpr std::string_view status_text(MemberStatus status) {
  switch (status) {
    case MemberStatus::none:
      return "none";
    case MemberStatus::alive:
      return "alive";
    case MemberStatus::leaving:
      return "leaving";
    case MemberStatus::left:
      return "left";
    case MemberStatus::failed:
      return "failed";
  }
  return "unknown";
}

struct Member {
  std::string id;  ///< Node UUID.
  std::string name;
  std::string address;       ///< IP without port.
  std::int64_t port = 0;     ///< The serf_lan port.
  StringMap tags;            ///< "role" consul|node, "dc", "port" (RPC), "build", ...
  std::uint64_t status = 0;  ///< A MemberStatus.
  std::uint64_t since = 0;   ///< Revision of the last status change.
  std::uint64_t modify_index = 0;
  std::uint64_t since_time_ms = 0;  ///< Cluster time of the last status change.

  friend bool operator==(const Member&, const Member&) = default;
  static constexpr auto fields() {
    return std::tuple{
        field(1, "ID", &Member::id),
        field(2, "Name", &Member::name),
        field(3, "Addr", &Member::address),
        field(4, "Port", &Member::port),
        field(5, "Tags", &Member::tags),
        field(6, "Status", &Member::status),
        field(7, "Since", &Member::since),
        field(8, "ModifyIndex", &Member::modify_index),
        field(9, "SinceTime", &Member::since_time_ms),
    };
  }
};

}  // namespace conclave::api
