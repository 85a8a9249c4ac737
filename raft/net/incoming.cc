#include "raft/net/incoming.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/core/bytes.h"
#include "base/net/listener.h"
#include "base/run/clock.h"
#include "base/run/log.h"
#include "raft/net/message_codec.h"

namespace conclave::raft {
namespace {

/// Processes remembered: members, and those that were.
constexpr std::size_t seen_max = 256;

bool is_alive_frame(std::string_view frame) {
  return frame.size() == 1 && frame.front() == static_cast<char>(alive_kind);
}

}  // namespace

Incoming::Incoming(std::shared_ptr<LinkSetting> setting, Receive receive)
    : setting_(std::move(setting)), receive_(std::move(receive)) {}

std::optional<PeerHello> Incoming::admit(std::shared_ptr<FramedStream> stream, const Hello& hello) {
  auto peer = decode_peer_hello(hello.details);
  if (!peer) {
    send_away(stream, "server at " + stream->peer(),
              {RefusalCode::malformed, peer.error().message});
    return std::nullopt;
  }
  const PeerIdentity& sender = peer->sender;
  if (auto refusal = judge(*peer, setting_->self, seen(sender))) {
    send_away(stream,
              fmt::format("server {} at {} was refused", sender.node_id.value, stream->peer()),
              std::move(*refusal));
    return std::nullopt;
  }
  remember(sender);
  const Process process{sender.node_id, sender.incarnation};
  std::erase_if(connected_, [&](const auto& entry) {
    const auto& [key, connected] = entry;
    const bool is_former = key.first == process && (key.second == hello.purpose ||
                                                    connected.hello.sender.run_id != sender.run_id);
    if (is_former) connected.stream->close();
    return is_former;
  });
  connected_[{process, hello.purpose}] = {stream, *peer};
  stream->set_silence_max(setting_->silence_max());
  stream->set_meter(setting_->metrics.meter());
  stream->set_frame_limit(setting_->options.frame_bytes_max);
  stream->set_receive_seed(frame_seed(*peer));
  setting_->loop.spawn("peer", serve(shared_from_this(), std::move(stream), *peer));
  return std::move(*peer);
}

Task<void> Incoming::serve(std::shared_ptr<Incoming> self, std::shared_ptr<FramedStream> stream,
                           PeerHello hello) {
  const Result<void> ended = co_await self->read_messages(stream, hello);
  const NodeId& sender = hello.sender.node_id;
  if (!ended && ended.error().code != ErrorCode::io && self->is_current(stream)) {
    const std::string line = fmt::format("closing the connection of server {} at {}: {}",
                                         sender.value, stream->peer(), ended.error().message);
    if (self->setting_->said.is_new(line, system_clock().boot_now())) log_warn("raft", "{}", line);
  }
  // Otherwise somebody else is closing it, with a word.
  if (!self->is_current(stream)) co_return;
  stream->close();
  std::erase_if(self->connected_, [&](const auto& entry) { return entry.second.stream == stream; });
}

bool Incoming::is_current(const std::shared_ptr<FramedStream>& stream) const {
  return std::ranges::any_of(connected_,
                             [&](const auto& entry) { return entry.second.stream == stream; });
}

Task<Result<void>> Incoming::read_messages(std::shared_ptr<FramedStream> stream, PeerHello hello) {
  const std::string welcome = encode_welcome("");
  const Result<void> answered = co_await stream->write(welcome);
  if (!answered) co_return answered;
  const Envelope envelope{
      .from = hello.sender.node_id, .to = hello.receiver, .incarnation = hello.sender.incarnation};
  for (;;) {
    const auto frame = stream->next();
    if (!frame) co_return std::unexpected(frame.error());
    if (!*frame) {
      const Result<bool> more = co_await stream->receive();
      if (!more) co_return std::unexpected(more.error());
      if (!*more || !is_current(stream)) co_return Result<void>();
      continue;
    }
    if (is_alive_frame(**frame)) continue;
    auto message = decode_message(**frame, envelope);
    if (!message) co_return std::unexpected(message.error());
    setting_->metrics.messages_received.add();
    receive_(std::move(*message));
    // Whoever was given it may have ended this connection, or all.
    if (!is_current(stream)) co_return Result<void>();
  }
}

std::optional<SeenPeer> Incoming::seen(const PeerIdentity& sender) const {
  const Process process{sender.node_id, sender.incarnation};
  const auto at = seen_.find(process);
  if (at == seen_.end()) return std::nullopt;
  SeenPeer peer = at->second;
  peer.is_alive = std::ranges::any_of(connected_, [&](const auto& entry) {
    const Connected& connected = entry.second;
    return entry.first.first == process && connected.hello.sender.run_id == peer.run_id &&
           connected.stream->is_open() && connected.stream->standstill().unheard < silence_rounds;
  });
  return peer;
}

void Incoming::sweep() {
  for (const auto& [key, connected] : connected_) connected.stream->observe();
}

void Incoming::remember(const PeerIdentity& sender) {
  const Process process{sender.node_id, sender.incarnation};
  if (seen_.size() >= seen_max && !seen_.contains(process)) {
    std::erase_if(seen_, [this](const auto& entry) {
      return std::ranges::none_of(
          connected_, [&](const auto& other) { return other.first.first == entry.first; });
    });
  }
  seen_[process] = {.boot_counter = sender.boot_counter, .run_id = sender.run_id};
}

void Incoming::send_away(std::shared_ptr<FramedStream> stream, const std::string& who,
                         Refusal refusal) {
  setting_->log_refusal(who, refusal);
  setting_->loop.spawn("refuse", refuse(std::move(stream), std::move(refusal)));
}

void Incoming::close_all(const Refusal& reason) {
  for (const auto& [key, connected] : std::exchange(connected_, {})) {
    setting_->loop.spawn("refuse", refuse(connected.stream, reason));
  }
}

}  // namespace conclave::raft
