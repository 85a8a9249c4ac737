#include "api/rpc/channel.h"

#include <fmt/format.h>

#include <utility>

#include "base/net/dial.h"
#include "base/run/clock.h"

namespace conclave::api {
namespace {

using Milliseconds = std::chrono::milliseconds;

}  // namespace

Channel::Channel(std::shared_ptr<RpcSetting> setting, std::string address,
                 std::shared_ptr<TlsKeyring> keyring)
    : setting_(std::move(setting)),
      address_(std::move(address)),
      keyring_(std::move(keyring)),
      inbox_(setting_->options.body_bytes_max, setting_->options.queued_bytes_max),
      last_call_(system_clock().boot_now()) {}

Task<Result<std::string>> Channel::call(std::shared_ptr<Channel> self, RpcMethod method,
                                        std::string body, Nanos timeout,
                                        std::shared_ptr<CallCancel> cancel) {
  const RpcOptions& options = self->setting_->options;
  if (body.size() > options.body_bytes_max) {
    co_return fail(ErrorCode::too_large,
                   fmt::format("a request of {} bytes to {} is over the limit of {}", body.size(),
                               self->address_, options.body_bytes_max));
  }
  if (self->calls_.size() >= options.calls_max ||
      self->outbox_.bytes() + body.size() > options.queued_bytes_max) {
    co_return fail(ErrorCode::too_many,
                   fmt::format("too many calls to {} are under way", self->address_));
  }
  self->setting_->calls.add();
  const std::uint64_t id = ++self->last_id_;
  Call call{Timer(self->setting_->loop.executor(), std::max(timeout, Nanos{}))};
  self->calls_.emplace(id, &call);
  self->outbox_.push({.kind = RpcFrameKind::call, .id = id, .method = method}, std::move(body));
  if (self->stream_ != nullptr) {
    self->stream_->wake();
  } else if (!std::exchange(self->running_, true)) {
    self->setting_->loop.spawn("rpc channel", run(self));
  }
  if (cancel != nullptr) cancel->set([&call] { call.timer.cancel(); });
  if (!call.answer && (cancel == nullptr || !cancel->is_cancelled())) {
    [[maybe_unused]] const auto [error] = co_await call.timer.async_wait(as_result);
  }
  if (cancel != nullptr) cancel->set(nullptr);
  self->last_call_ = system_clock().boot_now();
  if (!call.answer) {
    self->calls_.erase(id);
    self->inbox_.drop(id);
    const bool is_unsent = self->outbox_.withdraw(id);
    self->outbox_.push_now({.kind = RpcFrameKind::cancel, .id = id});
    if (self->stream_ != nullptr) self->stream_->wake();
    call.answer = fail(is_unsent ? ErrorCode::io : ErrorCode::unknown_outcome,
                       fmt::format("rpc error calling {}: no answer within {} ms", self->address_,
                                   std::chrono::ceil<Milliseconds>(timeout).count()));
  }
  if (!*call.answer) self->setting_->failed.add();
  co_return std::move(*call.answer);
}

Task<void> Channel::run(std::shared_ptr<Channel> self) {
  const Result<void> ended = co_await self->connect();
  if (self->stream_ != nullptr) self->stream_->close();
  self->stream_.reset();
  self->running_ = false;
  self->fail_all(ended ? Error{ErrorCode::io, "the connection was closed"} : ended.error());
}

Task<Result<void>> Channel::connect() {
  DialWish wish{.address = address_,
                .hello = {Purpose::rpc, encode_rpc_identity(setting_->self())},
                .timeout = Milliseconds(setting_->options.dial_timeout_ms),
                .keyring = keyring_,
                .silence_max = setting_->silence_max(),
                .meter = setting_->meter()};
  Result<Dialled> done = co_await dial(setting_->loop, std::move(wish));
  if (!done) co_return std::unexpected(done.error());
  const std::shared_ptr<FramedStream> stream = done->stream;
  if (done->answer.refusal) {
    setting_->log_refusal(address_ + " refused this node", *done->answer.refusal);
    co_return fail(ErrorCode::io, done->answer.refusal->sentence);
  }
  const auto other = decode_rpc_identity(done->answer.details);
  if (!other) co_return fail(ErrorCode::io, "its answer cannot be read");
  if (const auto refusal = judge(*other, setting_->self())) {
    stream->close();
    setting_->log_refusal(address_ + " is not called", *refusal);
    co_return fail(ErrorCode::io, refusal->sentence);
  }
  if (setting_->stopped) {
    stream->close();
    co_return fail(ErrorCode::io, "this node is stopping");
  }
  if (setting_->met) setting_->met(*other);
  stream->set_frame_limit(rpc_frame_bytes_max);
  stream_ = stream;
  stream_->set_source([weak = weak_from_this()](std::string& out) {
    if (const auto self = weak.lock()) self->outbox_.fill(out);
  });
  stream_->wake();
  co_return co_await read_answers(stream);
}

Task<Result<void>> Channel::read_answers(std::shared_ptr<FramedStream> stream) {
  for (;;) {
    const auto frame = stream->next();
    if (!frame) co_return std::unexpected(frame.error());
    if (*frame) {
      const Result<void> taken = take(**frame);
      if (!taken) co_return taken;
      continue;
    }
    const Result<bool> more = co_await stream->receive();
    if (!more) co_return std::unexpected(more.error());
    if (!*more) co_return fail(ErrorCode::io, "it closed the connection");
  }
}

Result<void> Channel::take(std::string_view bytes) {
  CONCLAVE_TRY_ASSIGN(const RpcFrame frame, decode_rpc_frame(bytes));
  switch (frame.kind) {
    case RpcFrameKind::reply:
      // Of a call that nobody waits for any more, what follows is passed over too.
      if (!calls_.contains(frame.id)) return {};
      [[fallthrough]];
    case RpcFrameKind::more: {
      CONCLAVE_TRY_ASSIGN(auto whole, inbox_.add(frame));
      if (whole) answer(whole->id, std::move(whole->body));
      return {};
    }
    case RpcFrameKind::error:
      answer(frame.id, fail(frame.code, std::string(frame.bytes)));
      return {};
    case RpcFrameKind::pong:
      return {};
    case RpcFrameKind::call:
    case RpcFrameKind::cancel:
    case RpcFrameKind::ping:
      break;
  }
  return fail(ErrorCode::corrupt, "it asks where it is to answer");
}

void Channel::answer(std::uint64_t id, Result<std::string> answer) {
  const auto at = calls_.find(id);
  if (at == calls_.end()) return;
  at->second->answer = std::move(answer);
  at->second->timer.cancel();
  calls_.erase(at);
}

void Channel::fail_all(const Error& error) {
  // Whoever is answered may call again.
  for (const auto& [id, call] : std::exchange(calls_, {})) {
    const bool is_unsent = outbox_.withdraw(id);
    call->answer = fail(is_unsent ? ErrorCode::io : ErrorCode::unknown_outcome,
                        fmt::format("rpc error calling {}: {}", address_, error.message));
    call->timer.cancel();
  }
  outbox_.clear();
  inbox_ = Inbox(setting_->options.body_bytes_max, setting_->options.queued_bytes_max);
}

void Channel::sweep(Nanos now) {
  if (stream_ == nullptr || !stream_->is_open()) return;
  if (calls_.empty() && now - last_call_ >= Milliseconds(setting_->options.idle_ms_max)) {
    return stream_->close("idle");
  }
  const unsigned unheard = stream_->observe().unheard;
  if (unheard >= silence_rounds) {
    return stream_->close(
        fmt::format("it said nothing for {} ms", setting_->options.silence_ms_max));
  }
  if (unheard >= silence_rounds / 2) {
    outbox_.push_now({.kind = RpcFrameKind::ping});
    stream_->wake();
  }
}

void Channel::close(const std::string& reason) {
  if (stream_ != nullptr) {
    stream_->close(reason);
  } else {
    fail_all({ErrorCode::io, reason});
  }
}

}  // namespace conclave::api
