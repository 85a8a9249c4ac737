#pragma once

/// Calls to other nodes: one multiplexed connection for each address, opened by the first call,
/// kept while there are more, and closed when idle. What is called in one turn of the loop leaves
/// in one write. Loop thread only (main).
///
/// Beyond what Rpc says: ErrorCode::too_large and too_many are answered before anything is sent.

#include <memory>
#include <string>

#include "api/rpc/lasting_calls.h"
#include "api/rpc/options.h"
#include "api/rpc/rpc_setting.h"
#include "base/net/tls_keyring.h"

namespace conclave::api {

class RpcClient final : public LastingRpc {
 public:
  /// With a keyring, connections are protected by it.
  RpcClient(Loop& loop, RpcOptions options, RpcSelf self, RpcMet met,
            std::shared_ptr<TlsKeyring> keyring, Metrics& metrics);
  ~RpcClient() override;
  RpcClient(const RpcClient&) = delete;
  RpcClient& operator=(const RpcClient&) = delete;

  Task<Result<std::string>> call(std::string address, RpcMethod method, std::string body,
                                 Nanos timeout) override;
  Task<Result<std::string>> call_until(std::string address, RpcMethod method, std::string body,
                                       Nanos timeout, std::shared_ptr<CallCancel> cancel) override;
  /// Fails the calls under way and those to come.
  void stop();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace conclave::api
