#pragma once

/// The incoming half: connections of peers that were let in, and what is remembered of their
/// processes. Loop thread only. Internal to raft/net.

#include <functional>
#include <map>
#include <memory>
#include <utility>

#include "base/net/framed_stream.h"
#include "raft/core/message.h"
#include "raft/net/link_setting.h"

namespace conclave::raft {

class Incoming : public std::enable_shared_from_this<Incoming> {
 public:
  using Receive = std::function<void(Message message)>;

  Incoming(std::shared_ptr<LinkSetting> setting, Receive receive);

  /// Judges and answers; nullopt when refused. A former connection of the same sender and purpose
  /// is closed.
  std::optional<PeerHello> admit(std::shared_ptr<FramedStream> stream, const Hello& hello);
  /// Now and then: notes who is silent.
  void sweep();
  /// Sends everybody away.
  void close_all(const Refusal& reason);

 private:
  struct Connected {
    std::shared_ptr<FramedStream> stream;
    PeerHello hello;
  };
  /// A server on one data directory. Another one under the same name is for the core to judge, and
  /// must not cost this one its connections.
  using Process = std::pair<NodeId, Incarnation>;
  using Key = std::pair<Process, Purpose>;

  static Task<void> serve(std::shared_ptr<Incoming> self, std::shared_ptr<FramedStream> stream,
                          PeerHello hello);
  Task<Result<void>> read_messages(std::shared_ptr<FramedStream> stream, PeerHello hello);
  bool is_current(const std::shared_ptr<FramedStream>& stream) const;
  std::optional<SeenPeer> seen(const PeerIdentity& sender) const;
  void remember(const PeerIdentity& sender);
  void send_away(std::shared_ptr<FramedStream> stream, const std::string& who, Refusal refusal);

  const std::shared_ptr<LinkSetting> setting_;
  const Receive receive_;
  std::map<Key, Connected> connected_;
  std::map<Process, SeenPeer> seen_;
};

}  // namespace conclave::raft
