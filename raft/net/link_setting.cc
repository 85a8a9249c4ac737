#include "raft/net/link_setting.h"

#include <utility>

#include "base/run/clock.h"
#include "base/run/log.h"
#include "base/run/random.h"

namespace conclave::raft {

LinkMetrics::LinkMetrics(Metrics& metrics)
    : bytes_sent(metrics.counter("consul.raft.links.sent_bytes", "Bytes sent to other servers")),
      bytes_received(
          metrics.counter("consul.raft.links.received_bytes", "Bytes received from servers")),
      messages_sent(metrics.counter("consul.raft.links.sent", "Raft messages sent")),
      messages_received(metrics.counter("consul.raft.links.received", "Raft messages received")),
      messages_dropped(metrics.counter("consul.raft.links.dropped",
                                       "Raft messages dropped because too many waited")),
      connects(metrics.counter("consul.raft.links.connects", "Connections made to other servers")),
      refused(metrics.counter("consul.raft.links.refused",
                              "Links between servers refused, by either side")) {}

LinkSetting::LinkSetting(Loop& on_loop, PeerIdentity identity, PeerLinkOptions with_options,
                         std::shared_ptr<TlsKeyring> with_keyring, Metrics& registry)
    : loop(on_loop),
      self(std::move(identity)),
      options(with_options),
      keyring(std::move(with_keyring)),
      metrics(registry),
      rng(random_u64()) {}

void LinkSetting::log_refusal(const std::string& who, const Refusal& refusal) {
  metrics.refused.add();
  if (!said.is_new(refusal.sentence, system_clock().boot_now())) return;
  // This server is the one that must not be here.
  const bool is_grave =
      refusal.code == RefusalCode::higher_epoch || refusal.code == RefusalCode::copied_directory;
  log(is_grave ? LogLevel::error : LogLevel::warn, "raft", "{}: {}", who, refusal.sentence);
}

}  // namespace conclave::raft
