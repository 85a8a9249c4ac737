#pragma once

/// What all links of one server share. Tasks keep it alive: those that are left over when a loop is
/// destroyed may outlive PeerLinks. Internal to raft/net.

#include <memory>

#include "base/core/rng.h"
#include "base/net/framed_stream.h"
#include "base/net/repeats.h"
#include "base/run/loop.h"
#include "base/run/metrics.h"
#include "raft/net/options.h"
#include "raft/net/peer_hello.h"

namespace conclave::raft {

/// Links are looked at so many times during the silence that is allowed.
inline constexpr unsigned silence_rounds = 4;

struct LinkMetrics {
  explicit LinkMetrics(Metrics& metrics);

  Counter& bytes_sent;
  Counter& bytes_received;
  Counter& messages_sent;
  Counter& messages_received;
  Counter& messages_dropped;
  Counter& connects;
  Counter& refused;

  StreamMeter meter() { return {.received = &bytes_received, .sent = &bytes_sent}; }
};

struct LinkSetting {
  LinkSetting(Loop& on_loop, PeerIdentity identity, PeerLinkOptions with_options,
              std::shared_ptr<TlsKeyring> with_keyring, Metrics& registry);

  Loop& loop;
  PeerIdentity self;
  const PeerLinkOptions options;
  const std::shared_ptr<TlsKeyring> keyring;
  LinkMetrics metrics;
  Repeats said;
  Rng rng;
  bool stopped = false;

  bool is_in_cluster() const { return self.cluster_id != ClusterId{}; }
  Nanos silence_max() const { return std::chrono::milliseconds(options.silence_ms_max); }
  Nanos sweep_period() const { return silence_max() / silence_rounds; }
  /// Says what both sides of a refusal say, once in a while.
  void log_refusal(const std::string& who, const Refusal& refusal);
};

}  // namespace conclave::raft
