#include "api/rpc/bodies.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/net/framed_stream.h"

namespace conclave::api {
namespace {

/// Up to here a body is short.
constexpr std::size_t short_body_bytes_max = std::size_t{16} * 1024;
/// Bodies in parts at once: each costs a little even when nothing of it has come.
constexpr std::size_t parts_max = 4096;

}  // namespace

void Outbox::push_now(const RpcFrame& frame) { append_rpc_frame(now_, frame); }

void Outbox::push(const RpcFrame& head, std::string body) {
  bytes_ += body.size();
  auto& queue = body.size() <= short_body_bytes_max ? short_ : long_;
  queue.push_back({.head = head, .bytes = std::move(body)});
}

bool Outbox::withdraw(std::uint64_t id) {
  for (auto* queue : {&short_, &long_}) {
    const auto at = std::ranges::find(*queue, id, [](const Body& body) { return body.head.id; });
    if (at == queue->end()) continue;
    bytes_ -= at->bytes.size();
    queue->erase(at);
    return true;
  }
  return false;
}

void Outbox::append_piece(std::string& out, Body& body) {
  RpcFrame frame = body.head;
  if (body.sent > 0) frame.kind = RpcFrameKind::more;
  frame.size = body.bytes.size();
  frame.bytes = std::string_view(body.bytes).substr(body.sent, rpc_piece_bytes_max);
  body.sent += frame.bytes.size();
  append_rpc_frame(out, frame);
}

void Outbox::fill(std::string& out) {
  out.append(now_);
  now_.clear();
  while (!short_.empty() && out.size() < write_bytes_goal) {
    append_piece(out, short_.front());
    bytes_ -= short_.front().bytes.size();
    short_.pop_front();
  }
  if (long_.empty()) return;
  Body body = std::move(long_.front());
  long_.pop_front();
  append_piece(out, body);
  if (body.sent < body.bytes.size()) {
    long_.push_back(std::move(body));
  } else {
    bytes_ -= body.bytes.size();
  }
}

void Outbox::clear() {
  now_.clear();
  short_.clear();
  long_.clear();
  bytes_ = 0;
}

Result<std::optional<Inbox::Whole>> Inbox::add(const RpcFrame& frame) {
  if (frame.kind == RpcFrameKind::more) return add_more(frame);
  if (frame.size > body_bytes_max_) {
    return fail(ErrorCode::too_large, fmt::format("a body of {} bytes is announced; {} is the "
                                                  "limit",
                                                  frame.size, body_bytes_max_));
  }
  if (frame.bytes.size() == frame.size) {
    return Whole{.id = frame.id, .method = frame.method, .body = std::string(frame.bytes)};
  }
  if (parts_.size() >= parts_max) return fail(ErrorCode::too_large, "too many unfinished bodies");
  Part part{.method = frame.method, .size = frame.size, .body = std::string(frame.bytes)};
  if (!parts_.try_emplace(frame.id, std::move(part)).second) {
    return fail(ErrorCode::corrupt, "two bodies of one call");
  }
  bytes_ += frame.bytes.size();
  return std::nullopt;
}

Result<std::optional<Inbox::Whole>> Inbox::add_more(const RpcFrame& frame) {
  const auto at = parts_.find(frame.id);
  if (at == parts_.end()) return std::nullopt;
  Part& part = at->second;
  if (frame.bytes.size() > part.size - part.body.size()) {
    return fail(ErrorCode::corrupt, "more pieces than were announced");
  }
  part.body.append(frame.bytes);
  bytes_ += frame.bytes.size();
  if (part.body.size() < part.size) {
    if (bytes_ <= total_bytes_max_) return std::nullopt;
    return fail(ErrorCode::too_large,
                fmt::format("over {} bytes of unfinished bodies", total_bytes_max_));
  }
  Whole whole{.id = frame.id, .method = part.method, .body = std::move(part.body)};
  bytes_ -= whole.body.size();
  parts_.erase(at);
  return whole;
}

void Inbox::drop(std::uint64_t id) {
  const auto at = parts_.find(id);
  if (at == parts_.end()) return;
  bytes_ -= at->second.body.size();
  parts_.erase(at);
}

}  // namespace conclave::api
