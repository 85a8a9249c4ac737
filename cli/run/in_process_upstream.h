#pragma once

#include <cstddef>
#include <memory>

#include "api/rest/router.h"
#include "api/rpc/lasting_calls.h"
#include "api/rpc/upstream.h"
#include "base/run/loop.h"

namespace conclave::cli {

/// The servers' answers for a server's own agent, and for requests that other nodes pass on: the
/// request goes to a router of a front, on that front's loop. That router is not the clients': what
/// is configured for clients (blocked endpoints, indentation) is none of an agent's business.
class InProcessUpstream final : public api::Upstream {
 public:
  InProcessUpstream(Loop& front, api::Router& router) : front_(front), router_(router) {}

  Task<api::Response> call(api::Request request) override;
  /// The same for somebody who may give up waiting. Any loop.
  Task<api::Response> call_until(api::Request request, std::shared_ptr<api::CallEnd> end);

  /// Of an answer that comes in pieces: a snapshot, a large list; beyond, a 500 says to ask a
  /// server.
  static constexpr std::size_t collected_bytes_max = std::size_t{48} << 20;

 private:
  struct Wait;
  /// On the front's loop. Waits for parked queries too.
  Task<api::Response> answer(api::Request request, std::shared_ptr<Wait> wait);

  Loop& front_;
  api::Router& router_;
};

}  // namespace conclave::cli
