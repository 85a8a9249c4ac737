#pragma once

/// User events (contract 11): /v1/event, their rows and log entries.

#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>

#include "api/model/field.h"
#include "base/core/uuid.h"

namespace conclave::api {

struct UserEvent {
  std::string id;
  std::string name;
  Bytes payload;
  // Regular expressions: the agents that it is for; "" = all.
  std::string node_filter;
  std::string service_filter;
  std::string tag_filter;  ///< Of instances that match service_filter.
  std::uint64_t version = 1;
  std::uint64_t ltime = 0;  ///< Rises from event to event; 0 in the answer of event/fire.

  friend bool operator==(const UserEvent&, const UserEvent&) = default;
  static constexpr auto fields() {
    using E = UserEvent;
    return std::tuple{field(1, "ID", &E::id),
                      field(2, "Name", &E::name),
                      field(3, "Payload", &E::payload),
                      field(4, "NodeFilter", &E::node_filter),
                      field(5, "ServiceFilter", &E::service_filter),
                      field(6, "TagFilter", &E::tag_filter),
                      field(7, "Version", &E::version),
                      field(8, "LTime", &E::ltime)};
  }
};

/// X-Consul-Index of a list whose newest event has this id: both halves of the UUID, XORed. It
/// says which one, and has no order. 0 for what is no UUID.
inline std::uint64_t event_index(std::string_view id) {
  const auto bytes = parse_uuid(id);
  if (!bytes) return 0;
  std::uint64_t halves[2] = {0, 0};
  for (std::size_t i = 0; i < bytes->size(); ++i) halves[i / 8] = halves[i / 8] << 8 | (*bytes)[i];
  return halves[0] ^ halves[1];
}

}  // namespace conclave::api
