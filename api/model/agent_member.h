#pragma once

/// One element of /v1/agent/members and `Member` of /v1/agent/self (contract 6.4): a member as Serf
/// shows it. The protocol numbers are those of the Serf protocol that Consul's clients expect;
/// Conclave has no gossip.

#include <cstdint>
#include <string>
#include <tuple>

#include "api/model/field.h"
#include "api/model/member.h"

namespace conclave::api {

struct AgentMember {
  std::string name;
  std::string address;
  std::int64_t port = 0;
  StringMap tags;
  std::uint64_t status = 0;  ///< A MemberStatus.
  std::int64_t protocol_min = 1;
  std::int64_t protocol_max = 5;
  std::int64_t protocol_cur = 2;
  std::int64_t delegate_min = 2;
  std::int64_t delegate_max = 5;
  std::int64_t delegate_cur = 4;

  friend bool operator==(const AgentMember&, const AgentMember&) = default;
  static constexpr auto fields() {
    using M = AgentMember;
    return std::tuple{
        field(0, "Name", &M::name),
        field(0, "Addr", &M::address),
        field(0, "Port", &M::port),
        field(0, "Tags", &M::tags),
        field(0, "Status", &M::status),
        field(0, "ProtocolMin", &M::protocol_min),
        field(0, "ProtocolMax", &M::protocol_max),
        field(0, "ProtocolCur", &M::protocol_cur),
        field(0, "DelegateMin", &M::delegate_min),
        field(0, "DelegateMax", &M::delegate_max),
        field(0, "DelegateCur", &M::delegate_cur),
    };
  }
};

}  // namespace conclave::api
