#pragma once

/// Calls to the agent for commands that do several things at once (`lock`, `watch`): AgentClient's
/// on a loop, with the deadlines that such commands need. Loop thread only.

#include <cstdint>
#include <string>
#include <vector>

#include "base/core/duration.h"
#include "cli/commands/client_flags.h"

namespace conclave::cli {

/// A plain request that takes longer has failed.
inline constexpr Nanos request_limit = std::chrono::seconds(30);

/// What a GET found: 404 is an answer, with an index to wait on.
struct Found {
  bool exists = false;
  std::string body;
  std::uint64_t index = 0;   ///< X-Consul-Index; 0 = the endpoint has none.
  std::string fence;         ///< X-Conclave-Fence, "" = none.
  std::string content_hash;  ///< X-Consul-ContentHash, "" = the endpoint has none.
};

/// What became of an attempt to acquire a lock.
struct Acquired {
  bool done = false;
  std::string fence;  ///< X-Conclave-Fence; "" from a server that is Consul.
};

/// True for what may pass by itself: servers without a leader, an agent that is being restarted.
bool may_pass(const Error& error);

class AgentTasks {
 public:
  using Query = std::vector<AgentClient::Query>;

  AgentTasks(Loop& loop, const Terminal& terminal, const AgentClient& client)
      : loop_(loop), terminal_(terminal), client_(client) {}

  /// Errors: ErrorCode::io when nothing was answered, `unavailable` for 5xx, `failed` for every
  /// other status but 200 and 404.
  Task<Result<Found>> get(std::string path, Query query, Nanos limit = request_limit);
  /// GET that waits for something newer than `index` (0: does not), `wait` at most.
  Task<Result<Found>> get_newer(std::string path, Query query, std::uint64_t index, Nanos wait);
  /// GET that waits for something whose hash is not `hash` ("": does not), `wait` at most.
  Task<Result<Found>> get_other(std::string path, Query query, std::string hash, Nanos wait);
  /// PUT or DELETE; the body of the answer. A 404 is an error, `not_found`.
  Task<Result<std::string>> change(std::string method, std::string path, Query query = {},
                                   std::string body = {}, Nanos limit = request_limit);
  /// PUT of a key with `acquire` among its parameters.
  Task<Result<Acquired>> acquire(std::string path, Query query);

 private:
  Task<Result<Found>> get_after_wait(std::string path, Query query, Nanos wait);
  Task<Result<api::ClientResponse>> call(std::string method, std::string path, Query query,
                                         std::string body, Nanos limit);

  Loop& loop_;
  const Terminal& terminal_;
  const AgentClient& client_;
};

}  // namespace conclave::cli
