#pragma once

/// Answers calls of other nodes: each in a task of its own, many at once on one connection. Loop
/// thread only (main).

#include <memory>

#include "api/rpc/lasting_calls.h"
#include "api/rpc/options.h"
#include "api/rpc/rpc_setting.h"
#include "base/net/framed_stream.h"
#include "base/net/hello.h"

namespace conclave::api {

class RpcServer final : public RpcHandlers {
 public:
  RpcServer(Loop& loop, RpcOptions options, RpcSelf self, RpcMet met, Metrics& metrics);
  ~RpcServer() override;
  RpcServer(const RpcServer&) = delete;
  RpcServer& operator=(const RpcServer&) = delete;

  /// One handler for each method.
  void add(RpcMethod method, RpcHandler handler) override;
  void add_lasting(RpcMethod method, LastingHandler handler);
  /// A connection whose hello asks for Purpose::rpc: judged, answered, and served until it ends.
  void accept(std::shared_ptr<FramedStream> stream, const Hello& hello);
  /// Ends all connections: callers do not learn the outcome of what they wait for. What handlers
  /// are doing goes on. Handlers are not called any more.
  void stop();
  std::size_t open_connections() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace conclave::api
