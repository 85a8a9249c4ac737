#pragma once

/// Calls from node to node over port 8300 (or the serf_lan port, which answers the same): a method,
/// a request record, a reply record or an Error. This is the port that daemon/replica and
/// daemon/members are written against; the connections behind it are api/rpc's too, tests bring
/// their own.

#include <cstdint>
#include <functional>
#include <string>

#include "base/core/duration.h"
#include "base/core/result.h"
#include "base/run/loop.h"

namespace conclave::api {

/// Numbers are part of the protocol: only ever added.
enum class RpcMethod : std::uint8_t {
  propose = 1,        ///< A command for the leader; daemon/replica.
  read_index = 2,     ///< Up to where a follower must have applied before it reads; daemon/replica.
  renew_session = 3,  ///< daemon/leases.
  introduce = 4,      ///< Who are you, whom do you know: joining and discovery; daemon/members.
  join = 5,           ///< Let this node in; the leader's; daemon/members.
  leave = 6,          ///< This node goes; the leader's; daemon/members.
  bootstrap = 7,      ///< Proposing and accepting a first configuration; daemon/members.
  http = 8,           ///< Answer this HTTP request as if it had come to you.
  snapshot_file = 9,  ///< A piece of a file that a restore command names.
};

/// Who calls, as the handshake proved or claimed it.
struct RpcPeer {
  std::string node_id;  ///< UUID.
  std::string name;
  std::string address;  ///< "ip:port" as seen on the socket.
};

/// Makes calls. Any connection that is needed is opened, kept for the next call and closed when
/// idle.
class Rpc {
 public:
  virtual ~Rpc() = default;
  /// `address`: "ip:port" or "host:port". On the loop that this object belongs to only, from the
  /// call itself on. Errors: what the other side answered, with its code; ErrorCode::io when the
  /// request has certainly not been carried out (nobody there, refused, not sent);
  /// ErrorCode::unknown_outcome when the connection ended or `timeout` ran out after it was sent.
  virtual Task<Result<std::string>> call(std::string address, RpcMethod method, std::string body,
                                         Nanos timeout) = 0;
};

/// Answers calls of one method. Runs on the loop that serves the port (main); may take its time,
/// other calls on the same connection are answered meanwhile.
using RpcHandler = std::function<Task<Result<std::string>>(RpcPeer peer, std::string body)>;

/// Where handlers are registered, before anything is served.
class RpcHandlers {
 public:
  virtual ~RpcHandlers() = default;
  virtual void add(RpcMethod method, RpcHandler handler) = 0;
};

}  // namespace conclave::api
