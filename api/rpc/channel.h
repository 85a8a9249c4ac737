#pragma once

/// One address that is called: its connection and the calls on it. Loop thread only. Internal to
/// api/rpc.

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "api/rpc/bodies.h"
#include "api/rpc/lasting_calls.h"
#include "api/rpc/rpc_setting.h"
#include "base/run/sleep.h"

namespace conclave::api {

class Channel : public std::enable_shared_from_this<Channel> {
 public:
  Channel(std::shared_ptr<RpcSetting> setting, std::string address,
          std::shared_ptr<TlsKeyring> keyring);

  static Task<Result<std::string>> call(std::shared_ptr<Channel> self, RpcMethod method,
                                        std::string body, Nanos timeout,
                                        std::shared_ptr<CallCancel> cancel);
  /// Now and then: asks whether the other side is there, and gives up one that is not.
  void sweep(Nanos now);
  void close(const std::string& reason);
  bool is_idle() const { return !running_ && calls_.empty(); }

 private:
  /// On the frame of its caller.
  struct Call {
    Timer timer;
    std::optional<Result<std::string>> answer{};
  };

  static Task<void> run(std::shared_ptr<Channel> self);
  Task<Result<void>> connect();
  Task<Result<void>> read_answers(std::shared_ptr<FramedStream> stream);
  Result<void> take(std::string_view frame);
  void answer(std::uint64_t id, Result<std::string> answer);
  void fail_all(const Error& error);

  const std::shared_ptr<RpcSetting> setting_;
  const std::string address_;
  const std::shared_ptr<TlsKeyring> keyring_;
  std::shared_ptr<FramedStream> stream_;  ///< While connected.
  Outbox outbox_;
  Inbox inbox_;
  std::map<std::uint64_t, Call*> calls_;
  std::uint64_t last_id_ = 0;
  bool running_ = false;
  Nanos last_call_;
};

}  // namespace conclave::api
