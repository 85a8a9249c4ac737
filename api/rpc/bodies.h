#pragma once

/// Requests and replies on their way: cut into pieces that leave in turns, and put together again
/// from pieces that come in turns. Pure. Internal to api/rpc.

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>

#include "api/rpc/rpc_frame.h"

namespace conclave::api {

/// What waits to be sent on one connection. Short bodies go before long ones, long ones in turns of
/// one piece each, so that neither keeps the other waiting.
class Outbox {
 public:
  /// Frames without a body, and errors: before everything else.
  void push_now(const RpcFrame& frame);
  /// `head`: kind, id and method.
  void push(const RpcFrame& head, std::string body);
  /// True when the call's body had not left whole: whoever would read it never will.
  bool withdraw(std::uint64_t id);
  /// One write: about write_bytes_goal, and a piece of a long body on top.
  void fill(std::string& out);

  bool empty() const { return now_.empty() && short_.empty() && long_.empty(); }
  /// Of bodies that have not left whole.
  std::uint64_t bytes() const { return bytes_; }
  void clear();

 private:
  struct Body {
    RpcFrame head;
    std::string bytes;
    std::size_t sent = 0;
  };
  void append_piece(std::string& out, Body& body);

  std::string now_;
  std::deque<Body> short_;
  std::deque<Body> long_;
  std::uint64_t bytes_ = 0;
};

/// What has arrived in part.
class Inbox {
 public:
  Inbox(std::uint64_t body_bytes_max, std::uint64_t total_bytes_max)
      : body_bytes_max_(body_bytes_max), total_bytes_max_(total_bytes_max) {}

  struct Whole {
    std::uint64_t id = 0;
    RpcMethod method{};
    std::string body;
  };
  /// Takes a call, reply or more frame; the body when that was its last piece. Pieces of what was
  /// dropped, or never begun, are passed over. Errors: too_large; corrupt, a sender that cannot
  /// count.
  Result<std::optional<Whole>> add(const RpcFrame& frame);
  void drop(std::uint64_t id);
  std::uint64_t bytes() const { return bytes_; }

 private:
  struct Part {
    RpcMethod method{};
    std::uint64_t size = 0;
    std::string body;
  };
  Result<std::optional<Whole>> add_more(const RpcFrame& frame);

  std::uint64_t body_bytes_max_;
  std::uint64_t total_bytes_max_;
  std::map<std::uint64_t, Part> parts_;
  std::uint64_t bytes_ = 0;
};

}  // namespace conclave::api
