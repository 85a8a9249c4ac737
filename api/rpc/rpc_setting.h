#pragma once

/// What all RPC connections of one process share. Tasks keep it alive. Internal to api/rpc.

#include <functional>
#include <memory>

#include "api/rpc/identity.h"
#include "api/rpc/options.h"
#include "base/net/framed_stream.h"
#include "base/net/repeats.h"
#include "base/run/loop.h"
#include "base/run/metrics.h"

namespace conclave::api {

/// Who we are; asked at each hello, because a node learns its cluster after its start.
using RpcSelf = std::function<RpcIdentity()>;
/// Told who is at the other end of each new connection, after it was judged.
using RpcMet = std::function<void(const RpcIdentity& other)>;

/// Connections are looked at so many times during the silence that is allowed.
inline constexpr unsigned silence_rounds = 4;

struct RpcSetting {
  RpcSetting(Loop& on_loop, RpcOptions with_options, RpcSelf self_of, RpcMet met_of,
             Metrics& registry, const std::string& side);

  Loop& loop;
  const RpcOptions options;
  const RpcSelf self;
  const RpcMet met;
  Counter& bytes_sent;
  Counter& bytes_received;
  Counter& calls;
  Counter& failed;
  Counter& refused;
  Repeats said;
  bool stopped = false;

  StreamMeter meter() { return {.received = &bytes_received, .sent = &bytes_sent}; }
  Nanos silence_max() const { return std::chrono::milliseconds(options.silence_ms_max); }
  Nanos sweep_period() const { return silence_max() / silence_rounds; }
  /// Says what both sides of a refusal say, once in a while.
  void log_refusal(const std::string& who, const Refusal& refusal);
};

}  // namespace conclave::api
