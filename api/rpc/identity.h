#pragma once

/// Who calls and who is called, as the hello of an RPC connection says on both sides, and whether
/// the two may talk. Pure.

#include <cstdint>
#include <optional>
#include <string>

#include "base/core/result.h"
#include "base/core/uuid.h"
#include "base/net/hello.h"

namespace conclave::api {

struct RpcIdentity {
  std::string node_id;  ///< UUID.
  std::string name;
  std::string datacenter;
  UuidBytes cluster_id{};  ///< Zeros: in none yet.
  /// Of a server, its own; of an agent, the highest that it has ever met.
  std::uint32_t recovery_epoch = 0;
  bool is_server = false;
  friend bool operator==(const RpcIdentity&, const RpcIdentity&) = default;
};

std::string encode_rpc_identity(const RpcIdentity& identity);
/// Strict: ErrorCode::corrupt for anything that encode_rpc_identity() does not write.
Result<RpcIdentity> decode_rpc_identity(std::string_view bytes);

/// Both sides judge the other by it; nullopt: they may talk. Two datacenters never do; two clusters
/// do not, unless one side is in none yet; and nobody talks to a server that a recovery has left
/// behind.
std::optional<Refusal> judge(const RpcIdentity& other, const RpcIdentity& self);

}  // namespace conclave::api
