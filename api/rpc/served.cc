#include "api/rpc/served.h"

#include <fmt/format.h>

#include <utility>

#include "base/run/clock.h"
#include "base/run/log.h"

namespace conclave::api {
namespace {

/// A caller asks after half of the silence that it allows.
constexpr unsigned patience_factor = 3;

}  // namespace

Served::Served(std::shared_ptr<RpcSetting> setting, std::shared_ptr<const RpcHandlerTable> handlers,
               std::shared_ptr<FramedStream> stream, const RpcIdentity& caller)
    : setting_(std::move(setting)),
      handlers_(std::move(handlers)),
      stream_(std::move(stream)),
      peer_{.node_id = caller.node_id, .name = caller.name, .address = stream_->peer()},
      inbox_(setting_->options.body_bytes_max, setting_->options.queued_bytes_max),
      drained_(setting_->loop) {}

Task<void> Served::run(std::shared_ptr<Served> self) {
  const auto& stream = self->stream_;
  stream->set_silence_max(self->setting_->silence_max());
  stream->set_frame_limit(rpc_frame_bytes_max);
  stream->set_meter(self->setting_->meter());
  const std::string welcome = encode_welcome(encode_rpc_identity(self->setting_->self()));
  Result<void> ended = co_await stream->write(welcome);
  if (ended) {
    stream->set_source([weak = std::weak_ptr(self)](std::string& out) {
      const auto served = weak.lock();
      if (!served) return;
      served->outbox_.fill(out);
      served->drained_.notify_all();
    });
    ended = co_await self->read_calls();
  }
  if (!ended && ended.error().code != ErrorCode::io) {
    const std::string line = fmt::format("closing the connection of {} at {}: {}", self->peer_.name,
                                         stream->peer(), ended.error().message);
    if (self->setting_->said.is_new(line, system_clock().boot_now())) log_warn("rpc", "{}", line);
  }
  stream->close();
  for (const auto& [id, end] : std::exchange(self->running_, {})) end->abandon();
  self->outbox_.clear();
}

Task<Result<void>> Served::read_calls() {
  for (;;) {
    const auto frame = stream_->next();
    if (!frame) co_return std::unexpected(frame.error());
    if (*frame) {
      const Result<void> taken = take(**frame);
      if (!taken) co_return taken;
      continue;
    }
    // A caller that does not read its answers is not asked what else it wants.
    while (stream_->is_open() && outbox_.bytes() > setting_->options.unread_bytes_max) {
      co_await drained_.wait_for(setting_->silence_max());
    }
    const Result<bool> more = co_await stream_->receive();
    if (!more) co_return std::unexpected(more.error());
    if (!*more) co_return Result<void>();
  }
}

Result<void> Served::take(std::string_view bytes) {
  CONCLAVE_TRY_ASSIGN(const RpcFrame frame, decode_rpc_frame(bytes));
  switch (frame.kind) {
    case RpcFrameKind::call:
    case RpcFrameKind::more:
      return begin(frame);
    case RpcFrameKind::cancel:
      if (auto given_up = running_.extract(frame.id)) given_up.mapped()->abandon();
      inbox_.drop(frame.id);
      outbox_.withdraw(frame.id);
      return {};
    case RpcFrameKind::ping:
      outbox_.push_now({.kind = RpcFrameKind::pong});
      stream_->wake();
      return {};
    case RpcFrameKind::reply:
    case RpcFrameKind::error:
    case RpcFrameKind::pong:
      break;
  }
  return fail(ErrorCode::corrupt, "it answers what was not asked");
}

Result<void> Served::begin(const RpcFrame& frame) {
  CONCLAVE_TRY_ASSIGN(auto call, inbox_.add(frame));
  if (!call) return {};
  setting_->calls.add();
  if (tasks_ >= setting_->options.calls_max) {
    refuse_call(
        call->id, ErrorCode::too_many,
        fmt::format("{} calls on one connection are the limit", setting_->options.calls_max));
    return {};
  }
  auto end = std::make_shared<CallEnd>();
  if (!running_.emplace(call->id, end).second) {
    return fail(ErrorCode::corrupt, "two calls of one number");
  }
  ++tasks_;
  setting_->loop.spawn("rpc call", answer(shared_from_this(), std::move(*call), std::move(end)));
  return {};
}

Task<void> Served::answer(std::shared_ptr<Served> self, Inbox::Whole call,
                          std::shared_ptr<CallEnd> end) {
  const auto handler = self->handlers_->find(call.method);
  if (handler == self->handlers_->end() || self->setting_->stopped) {
    self->reply(call.id,
                fail(ErrorCode::not_found, fmt::format("method {} is not answered here",
                                                       static_cast<unsigned>(call.method))));
  } else {
    self->reply(call.id, co_await handler->second(self->peer_, std::move(call.body), end));
  }
  --self->tasks_;
}

void Served::reply(std::uint64_t id, Result<std::string> result) {
  if (!result) setting_->failed.add();
  if (running_.erase(id) == 0 || !stream_->is_open()) return;
  const RpcOptions& options = setting_->options;
  if (!result) {
    return refuse_call(id, result.error().code, std::move(result.error().message));
  }
  if (result->size() > options.body_bytes_max) {
    return refuse_call(id, ErrorCode::too_large,
                       fmt::format("the reply has {} bytes; {} is the limit", result->size(),
                                   options.body_bytes_max));
  }
  if (outbox_.bytes() + result->size() > options.queued_bytes_max) {
    return refuse_call(
        id, ErrorCode::unavailable,
        fmt::format("over {} bytes of replies wait to be read", options.queued_bytes_max));
  }
  outbox_.push({.kind = RpcFrameKind::reply, .id = id}, std::move(*result));
  stream_->wake();
}

void Served::refuse_call(std::uint64_t id, ErrorCode code, std::string text) {
  text.resize(std::min(text.size(), rpc_piece_bytes_max));
  outbox_.push_now({.kind = RpcFrameKind::error, .id = id, .code = code, .bytes = text});
  stream_->wake();
}

void Served::sweep() {
  constexpr unsigned patience = patience_factor * silence_rounds;
  const FramedStream::Standstill& still = stream_->observe();
  if (still.untaken >= patience || still.idle >= patience) {
    stream_->close("it is silent");
    drained_.notify_all();
  }
}

}  // namespace conclave::api
