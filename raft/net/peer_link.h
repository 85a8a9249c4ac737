#pragma once

/// The outgoing half of what connects two servers: one connection to one peer for one purpose,
/// dialled again whenever it breaks, and what waits for it. Loop thread only. Internal to raft/net.

#include <memory>
#include <string>

#include "base/net/framed_stream.h"
#include "base/run/waiter.h"
#include "raft/net/lane.h"
#include "raft/net/link_setting.h"

namespace conclave::raft {

class PeerLink : public std::enable_shared_from_this<PeerLink> {
 public:
  PeerLink(std::shared_ptr<LinkSetting> setting, NodeId peer, Purpose purpose);

  /// A connection to another address is given up.
  void set_address(const std::string& address);
  const std::string& address() const { return address_; }
  /// Wanted links stay connected; others are connected while there is something to send.
  void set_wanted(bool wanted);

  void push(Message message, Urgency urgency);
  /// The peer is there: it has just connected to us.
  void reach_now();
  /// Now and then: says that this server is alive, and finds out whether the peer is.
  void sweep(Nanos now);
  /// Begins anew, as another server or not at all.
  void disconnect(const std::string& reason);

  bool is_connected() const { return stream_ != nullptr && stream_->is_open(); }
  bool is_idle() const { return !running_ && urgent_.empty() && bulk_.empty(); }

 private:
  static Task<void> run(std::shared_ptr<PeerLink> self);
  Task<bool> connect();
  Task<void> watch(std::shared_ptr<FramedStream> stream);
  void ensure_running();
  void fill(std::string& out);
  void append(std::string& out, Lane& lane);
  void say_failure(const std::string& text);
  bool is_needed() const;
  Nanos next_backoff();

  const std::shared_ptr<LinkSetting> setting_;
  const NodeId peer_;
  const Purpose purpose_;
  std::string address_;
  bool wanted_ = false;
  Lane urgent_;
  Lane bulk_;
  std::shared_ptr<FramedStream> stream_;  ///< While connected.
  std::uint32_t seed_ = 0;
  Nanos last_message_{};
  bool must_say_alive_ = false;
  bool running_ = false;
  bool hurry_ = false;
  Waiter retry_;
  Nanos backoff_{};
};

}  // namespace conclave::raft
