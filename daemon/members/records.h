#pragma once

/// What nodes say to each other about membership: the requests and replies of RpcMethod introduce,
/// join, leave, bootstrap, renew_node, pass_leases and list_members (api/rpc/rpc.h). Records;
/// fields are only ever added. Pure.

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "api/model/catalog.h"
#include "api/model/field.h"
#include "api/model/member.h"
#include "base/core/uuid.h"

namespace conclave::daemon {

/// A node as it presents itself.
struct NodeCard {
  api::Node node;  ///< As its agent registers it: id, name, address, datacenter, tags, meta.
  bool server = true;
  std::int64_t serf_port = 8301;
  std::int64_t server_port = 8300;
  std::string build;        ///< Tag "build": "<version>:<revision>".
  std::string rpc_address;  ///< "ip:port" at which it answers calls.
  api::Bytes incarnation;   ///< 16 bytes; of a server's data directory.
  api::Bytes cluster_id;    ///< 16 bytes; empty: it has no log yet.
  std::uint64_t recovery_epoch = 0;
  std::uint64_t expect = 0;  ///< bootstrap_expect.
  bool bootstrap = false;
  api::Bytes accepted;  ///< Cluster id of the first configuration that it has accepted.

  bool is_initialised() const { return !cluster_id.data.empty(); }
  friend bool operator==(const NodeCard&, const NodeCard&) = default;
  static constexpr auto fields() {
    using api::field;
    using C = NodeCard;
    return std::tuple{field(1, "Node", &C::node),
                      field(2, "Server", &C::server),
                      field(3, "SerfPort", &C::serf_port),
                      field(4, "ServerPort", &C::server_port),
                      field(5, "Build", &C::build),
                      field(6, "RpcAddress", &C::rpc_address),
                      field(7, "Incarnation", &C::incarnation),
                      field(8, "ClusterID", &C::cluster_id),
                      field(9, "RecoveryEpoch", &C::recovery_epoch),
                      field(10, "Expect", &C::expect),
                      field(11, "Bootstrap", &C::bootstrap),
                      field(12, "Accepted", &C::accepted)};
  }
};

/// Request and reply of introduce: whoever knows servers tells the other.
struct Introduction {
  NodeCard card;
  std::string leader_address;        ///< "" = none known.
  std::vector<std::string> servers;  ///< RPC addresses of the servers known, at most servers_max.
  bool lists_you_alive = false;      ///< Reply: the member table here has the caller alive.

  static constexpr std::size_t servers_max = 64;
  static constexpr auto fields() {
    using api::field;
    using I = Introduction;
    return std::tuple{field(1, "Card", &I::card), field(2, "LeaderAddress", &I::leader_address),
                      field(3, "Servers", &I::servers),
                      field(4, "ListsYouAlive", &I::lists_you_alive)};
  }
};

/// "Here I am", to the leader. Of a member: every time it finds a new leader. Of others: let me in.
struct JoinRequest {
  NodeCard card;
  /// Somebody asked for this: a join list, a command, a first start. Without it a server that was
  /// removed is not let in again.
  bool wants_in = false;
  /// Of an agent, which speaks to one server: that one passes it on to the leader.
  bool relay = false;

  static constexpr auto fields() {
    return std::tuple{api::field(1, "Card", &JoinRequest::card),
                      api::field(2, "WantsIn", &JoinRequest::wants_in),
                      api::field(3, "Relay", &JoinRequest::relay)};
  }
};

/// This node goes; or, `forced`, somebody wants another one gone.
struct LeaveRequest {
  std::string name;
  std::string id;  ///< "" when forced.
  bool forced = false;
  bool prune = false;  ///< Forced: no trace of it stays in the member table.
  bool relay = false;  ///< As in JoinRequest.

  static constexpr auto fields() {
    using api::field;
    using L = LeaveRequest;
    return std::tuple{field(1, "Name", &L::name), field(2, "ID", &L::id),
                      field(3, "Forced", &L::forced), field(4, "Prune", &L::prune),
                      field(5, "Relay", &L::relay)};
  }
};

/// Reply of join and leave: done, or go to the leader at that address.
struct LeaderReply {
  std::string leader_address;  ///< "" = done.

  static constexpr auto fields() {
    return std::tuple{api::field(1, "LeaderAddress", &LeaderReply::leader_address)};
  }
};

/// "I live", of an agent to its server, several times in a lease.
struct LeaseRenewal {
  std::string id;
  std::string name;

  static constexpr auto fields() {
    return std::tuple{api::field(1, "ID", &LeaseRenewal::id),
                      api::field(2, "Name", &LeaseRenewal::name)};
  }
};

struct LeaseReply {
  bool listed = false;        ///< The member table here has the node, and it has not left.
  bool passed_on = false;     ///< What agents say here reaches the leader.
  std::uint64_t members = 0;  ///< How many the member table has.

  static constexpr auto fields() {
    using api::field;
    using L = LeaseReply;
    return std::tuple{field(1, "Listed", &L::listed), field(2, "PassedOn", &L::passed_on),
                      field(3, "Members", &L::members)};
  }
};

/// "These live", of a server to the leader, once a second at most. The reply is empty.
struct LeasePass {
  std::vector<std::string> ids;

  static constexpr auto fields() { return std::tuple{api::field(1, "IDs", &LeasePass::ids)}; }
};

/// Reply of list_members; the request is empty.
struct MemberList {
  std::vector<api::Member> members;

  static constexpr auto fields() {
    return std::tuple{api::field(1, "Members", &MemberList::members)};
  }
};

/// One server of a first configuration.
struct FirstMember {
  std::string id;
  std::string name;
  api::Bytes incarnation;
  std::string address;  ///< "ip:port" of RPC.

  friend bool operator==(const FirstMember&, const FirstMember&) = default;
  static constexpr auto fields() {
    using api::field;
    using M = FirstMember;
    return std::tuple{field(1, "ID", &M::id), field(2, "Name", &M::name),
                      field(3, "Incarnation", &M::incarnation), field(4, "Address", &M::address)};
  }
};

/// "Let us be a cluster": a cluster id and exactly these members, ascending by id; the first one
/// proposes.
struct BootstrapProposal {
  api::Bytes cluster_id;
  std::string datacenter;
  std::vector<FirstMember> members;

  friend bool operator==(const BootstrapProposal&, const BootstrapProposal&) = default;
  static constexpr auto fields() {
    using api::field;
    using P = BootstrapProposal;
    return std::tuple{field(1, "ClusterID", &P::cluster_id), field(2, "Datacenter", &P::datacenter),
                      field(3, "Members", &P::members)};
  }
};

/// Accept this one; or, `commit`, all have accepted it: write your log. The reply is empty, a
/// refusal is an error.
struct BootstrapRequest {
  BootstrapProposal proposal;
  bool commit = false;

  static constexpr auto fields() {
    return std::tuple{api::field(1, "Proposal", &BootstrapRequest::proposal),
                      api::field(2, "Commit", &BootstrapRequest::commit)};
  }
};

/// 16 bytes of an id as records carry them, and back; zeros for anything that has not 16 bytes.
api::Bytes id_bytes(const UuidBytes& id);
UuidBytes id_from(const api::Bytes& bytes);
/// As people read it: "" for none.
std::string id_text(const api::Bytes& bytes);

}  // namespace conclave::daemon
