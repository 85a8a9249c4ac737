#include "raft/net/peer_link.h"

#include <algorithm>
#include <utility>

#include "base/net/dial.h"
#include "base/run/clock.h"
#include "base/run/log.h"
#include "raft/net/message_codec.h"

namespace conclave::raft {
namespace {

using Milliseconds = std::chrono::milliseconds;

LaneLimits bulk_limits(const PeerLinkOptions& options) {
  return {.messages_max = options.bulk_messages_max, .bytes_max = options.bulk_bytes_max};
}

}  // namespace

PeerLink::PeerLink(std::shared_ptr<LinkSetting> setting, NodeId peer, Purpose purpose)
    : setting_(std::move(setting)),
      peer_(std::move(peer)),
      purpose_(purpose),
      urgent_({.messages_max = setting_->options.urgent_messages_max}),
      bulk_(bulk_limits(setting_->options)),
      retry_(setting_->loop) {}

void PeerLink::set_address(const std::string& address) {
  if (std::exchange(address_, address) == address) return;
  if (stream_ != nullptr) stream_->close("the peer has another address now");
  reach_now();
}

void PeerLink::set_wanted(bool wanted) {
  wanted_ = wanted;
  ensure_running();
}

void PeerLink::push(Message message, Urgency urgency) {
  Lane& lane = urgency == Urgency::urgent ? urgent_ : bulk_;
  setting_->metrics.messages_dropped.add(lane.push(std::move(message)));
  if (stream_ != nullptr) {
    stream_->wake();
  } else {
    ensure_running();
  }
}

void PeerLink::reach_now() {
  hurry_ = true;
  backoff_ = Nanos{};
  retry_.notify_all();
}

void PeerLink::disconnect(const std::string& reason) {
  urgent_.clear();
  bulk_.clear();
  if (stream_ != nullptr) stream_->close(reason);
  retry_.notify_all();
}

bool PeerLink::is_needed() const {
  return !setting_->stopped && setting_->is_in_cluster() && !address_.empty() &&
         (wanted_ || !urgent_.empty() || !bulk_.empty());
}

void PeerLink::ensure_running() {
  if (running_ || !is_needed()) return;
  running_ = true;
  setting_->loop.spawn("peer link", run(shared_from_this()));
}

Nanos PeerLink::next_backoff() {
  const Nanos least = Milliseconds(setting_->options.backoff_ms_min);
  const Nanos most = Milliseconds(setting_->options.backoff_ms_max);
  backoff_ = std::clamp(backoff_ * 2, least, most);
  const auto half = static_cast<std::uint64_t>(backoff_.count() / 2);
  return Nanos{static_cast<std::int64_t>(half + setting_->rng.below(half + 1))};
}

Task<void> PeerLink::run(std::shared_ptr<PeerLink> self) {
  while (self->is_needed()) {
    const Nanos began = system_clock().boot_now();
    const bool was_connected = co_await self->connect();
    const Nanos lasted = system_clock().boot_now() - began;
    // A peer that lets us in and then hangs up is not to be dialled in a circle.
    if (was_connected && lasted >= self->setting_->silence_max()) self->backoff_ = Nanos{};
    if (!self->is_needed()) break;
    if (!std::exchange(self->hurry_, false)) {
      co_await self->retry_.wait_for(self->next_backoff());
      self->hurry_ = false;
    }
  }
  self->running_ = false;
}

/// One connection from its beginning to its end; false when there was none.
Task<bool> PeerLink::connect() {
  const PeerHello hello{.sender = setting_->self, .receiver = peer_};
  DialWish wish{.address = address_,
                .hello = {purpose_, encode_peer_hello(hello)},
                .timeout = Milliseconds(setting_->options.dial_timeout_ms),
                .keyring = setting_->keyring,
                .silence_max = setting_->silence_max(),
                .meter = setting_->metrics.meter()};
  const std::string dialled = address_;
  Result<Dialled> done = co_await dial(setting_->loop, std::move(wish));
  if (!done) {
    say_failure(done.error().message);
    co_return false;
  }
  if (done->answer.refusal) {
    setting_->log_refusal("server " + peer_.value + " at " + dialled + " refused this server",
                          *done->answer.refusal);
    co_return false;
  }
  const bool is_stale = setting_->stopped || dialled != address_ ||
                        setting_->self.cluster_id != hello.sender.cluster_id ||
                        setting_->self.recovery_epoch != hello.sender.recovery_epoch;
  if (is_stale) {
    done->stream->close();
    co_return false;
  }
  log_info("raft", "connected to server {} at {}", peer_.value, dialled);
  setting_->metrics.connects.add();
  seed_ = frame_seed(hello);
  stream_ = done->stream;
  last_message_ = system_clock().boot_now();
  stream_->set_source([weak = weak_from_this()](std::string& out) {
    if (const auto self = weak.lock()) self->fill(out);
  });
  stream_->wake();
  co_await watch(stream_);
  stream_.reset();
  co_return true;
}

/// The peer says nothing on this connection but why it ends it.
Task<void> PeerLink::watch(std::shared_ptr<FramedStream> stream) {
  const Result<std::string_view> last = co_await stream->read_frame();
  if (!stream->is_open()) co_return;  // Closed here, for a reason that is known.
  const auto answer = last ? decode_answer(*last) : std::unexpected(last.error());
  stream->close();
  if (answer && answer->refusal) {
    setting_->log_refusal("server " + peer_.value + " sent this server away", *answer->refusal);
  } else if (!last) {
    say_failure("connection lost: " + last.error().message);
  }
}

void PeerLink::say_failure(const std::string& text) {
  const std::string line = "server " + peer_.value + " at " + address_ + ": " + text;
  if (!setting_->stopped && setting_->said.is_new(line, system_clock().boot_now())) {
    log_warn("raft", "{}", line);
  }
}

void PeerLink::fill(std::string& out) {
  if (std::exchange(must_say_alive_, false) && urgent_.empty() && bulk_.empty()) {
    append_frame(out, std::string_view("\0", 1), seed_);
  }
  while (!urgent_.empty() && out.size() < write_bytes_goal) append(out, urgent_);
  while (!bulk_.empty() && out.size() < write_bytes_goal) append(out, bulk_);
}

void PeerLink::append(std::string& out, Lane& lane) {
  const std::size_t begin = begin_frame(out);
  append_message(out, lane.pop());
  const std::size_t size = out.size() - begin - frame_head_bytes;
  if (size > setting_->options.frame_bytes_max) {
    out.resize(begin);
    setting_->metrics.messages_dropped.add();
    return log_error("raft", "a message of {} bytes to server {} is over the limit of {}", size,
                     peer_.value, setting_->options.frame_bytes_max);
  }
  seal_frame(out, begin, seed_);
  last_message_ = system_clock().boot_now();
  setting_->metrics.messages_sent.add();
}

void PeerLink::sweep(Nanos now) {
  if (stream_ == nullptr || !stream_->is_open()) return;
  const FramedStream::Standstill& still = stream_->observe();
  if (still.untaken >= silence_rounds) {
    say_failure("it takes nothing of what is sent; connecting again");
    return stream_->close();
  }
  if (!wanted_ && now - last_message_ >= Milliseconds(setting_->options.idle_ms_max)) {
    return stream_->close();
  }
  // An idle connection says nothing about the peer, and to it nothing about us; what is sent now is
  // acknowledged in time or breaks the connection.
  if (still.idle > 0) {
    must_say_alive_ = true;
    stream_->wake();
  }
}

}  // namespace conclave::raft
