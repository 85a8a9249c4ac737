#include "api/rpc/rpc_client.h"

#include <fmt/format.h>

#include <map>
#include <utility>

#include "api/rpc/channel.h"
#include "base/core/assert.h"
#include "base/run/clock.h"

namespace conclave::api {

struct RpcClient::State : std::enable_shared_from_this<State> {
  State(std::shared_ptr<RpcSetting> with_setting, std::shared_ptr<TlsKeyring> with_keyring)
      : setting(std::move(with_setting)),
        keyring(std::move(with_keyring)),
        sweep_timer(setting->loop.executor()) {}

  const std::shared_ptr<RpcSetting> setting;
  const std::shared_ptr<TlsKeyring> keyring;
  std::map<std::string, std::shared_ptr<Channel>> channels;
  Timer sweep_timer;

  std::shared_ptr<Channel> channel_to(const std::string& address) {
    const auto at = channels.find(address);
    if (at != channels.end()) return at->second;
    if (channels.size() >= setting->options.addresses_max) {
      std::erase_if(channels, [](const auto& entry) { return entry.second->is_idle(); });
    }
    if (channels.size() >= setting->options.addresses_max) return nullptr;
    auto made = std::make_shared<Channel>(setting, address, keyring);
    return channels.emplace(address, std::move(made)).first->second;
  }

  void keep_sweeping() {
    sweep_timer.expires_after(setting->sweep_period());
    sweep_timer.async_wait([weak = weak_from_this()](boost::system::error_code error) {
      const auto self = weak.lock();
      if (!self || error || self->setting->stopped) return;
      const Nanos now = system_clock().boot_now();
      for (const auto& [address, channel] : self->channels) channel->sweep(now);
      std::erase_if(self->channels, [](const auto& entry) { return entry.second->is_idle(); });
      self->keep_sweeping();
    });
  }

  void stop() {
    if (std::exchange(setting->stopped, true)) return;
    sweep_timer.cancel();
    for (const auto& [address, channel] : std::exchange(channels, {})) {
      channel->close("this node is stopping");
    }
  }
};

namespace {

Task<Result<std::string>> failed_call(Error error) { co_return std::unexpected(std::move(error)); }

}  // namespace

RpcClient::RpcClient(Loop& loop, RpcOptions options, RpcSelf self, RpcMet met,
                     std::shared_ptr<TlsKeyring> keyring, Metrics& metrics)
    : state_(
          std::make_shared<State>(std::make_shared<RpcSetting>(loop, options, std::move(self),
                                                               std::move(met), metrics, "client"),
                                  std::move(keyring))) {
  state_->keep_sweeping();
}

RpcClient::~RpcClient() { state_->stop(); }

Task<Result<std::string>> RpcClient::call(std::string address, RpcMethod method, std::string body,
                                          Nanos timeout) {
  return call_until(std::move(address), method, std::move(body), timeout, nullptr);
}

Task<Result<std::string>> RpcClient::call_until(std::string address, RpcMethod method,
                                                std::string body, Nanos timeout,
                                                std::shared_ptr<CallCancel> cancel) {
  CONCLAVE_ASSERT_WHY(state_->setting->loop.is_here(), "calls are made on the client's own loop");
  if (state_->setting->stopped) {
    return failed_call({ErrorCode::io, "rpc error calling " + address + ": this node is stopping"});
  }
  auto channel = state_->channel_to(address);
  if (channel == nullptr) {
    return failed_call({ErrorCode::too_many,
                        fmt::format("rpc error calling {}: connections to {} other addresses are "
                                    "open",
                                    address, state_->setting->options.addresses_max)});
  }
  return Channel::call(std::move(channel), method, std::move(body), timeout, std::move(cancel));
}

void RpcClient::stop() { state_->stop(); }

}  // namespace conclave::api
