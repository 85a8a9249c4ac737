#include "api/rpc/rpc_setting.h"

#include <utility>

#include "base/run/clock.h"
#include "base/run/log.h"

namespace conclave::api {

RpcSetting::RpcSetting(Loop& on_loop, RpcOptions with_options, RpcSelf self_of, RpcMet met_of,
                       Metrics& registry, const std::string& side)
    : loop(on_loop),
      options(with_options),
      self(std::move(self_of)),
      met(std::move(met_of)),
      bytes_sent(registry.counter("consul.rpc." + side + ".sent_bytes",
                                  "Bytes sent on connections for calls between nodes")),
      bytes_received(registry.counter("consul.rpc." + side + ".received_bytes",
                                      "Bytes received on connections for calls between nodes")),
      calls(registry.counter("consul.rpc." + side + ".calls", "Calls between nodes")),
      failed(registry.counter("consul.rpc." + side + ".failed",
                              "Calls between nodes that ended in an error")),
      refused(registry.counter("consul.rpc." + side + ".refused",
                               "Connections for calls refused, by either side")) {}

void RpcSetting::log_refusal(const std::string& who, const Refusal& refusal) {
  refused.add();
  if (said.is_new(refusal.sentence, system_clock().boot_now())) {
    log(refusal.code == RefusalCode::higher_epoch ? LogLevel::error : LogLevel::warn, "rpc",
        "{}: {}", who, refusal.sentence);
  }
}

}  // namespace conclave::api
