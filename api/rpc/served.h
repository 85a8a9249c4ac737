#pragma once

/// One caller: its connection and the calls that are being answered. Loop thread only. Internal to
/// api/rpc.

#include <map>
#include <memory>

#include "api/rpc/bodies.h"
#include "api/rpc/lasting_calls.h"
#include "api/rpc/rpc_setting.h"
#include "base/run/waiter.h"

namespace conclave::api {

using RpcHandlerTable = std::map<RpcMethod, LastingHandler>;

class Served : public std::enable_shared_from_this<Served> {
 public:
  Served(std::shared_ptr<RpcSetting> setting, std::shared_ptr<const RpcHandlerTable> handlers,
         std::shared_ptr<FramedStream> stream, const RpcIdentity& caller);

  /// Welcomes the caller and answers until the connection ends.
  static Task<void> run(std::shared_ptr<Served> self);
  void sweep();
  void close(const std::string& reason) { stream_->close(reason); }

 private:
  static Task<void> answer(std::shared_ptr<Served> self, Inbox::Whole call,
                           std::shared_ptr<CallEnd> end);
  Task<Result<void>> read_calls();
  Result<void> take(std::string_view frame);
  Result<void> begin(const RpcFrame& frame);
  void reply(std::uint64_t id, Result<std::string> result);
  void refuse_call(std::uint64_t id, ErrorCode code, std::string text);

  const std::shared_ptr<RpcSetting> setting_;
  const std::shared_ptr<const RpcHandlerTable> handlers_;
  const std::shared_ptr<FramedStream> stream_;
  const RpcPeer peer_;
  Outbox outbox_;
  Inbox inbox_;
  std::map<std::uint64_t, std::shared_ptr<CallEnd>> running_;  ///< Calls whose caller waits.
  std::size_t tasks_ = 0;  ///< Calls whose handler works, for whomever.
  Waiter drained_;
};

}  // namespace conclave::api
