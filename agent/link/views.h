#pragma once

/// Answers that an agent keeps: what was asked with ?cached is kept fresh by a blocking query of
/// the agent's own, so that it is answered here, and goes on being answered, as old as it is, while
/// no server can be reached (contract 2.1). Dropped when nobody has asked for ten minutes.
///
/// Main thread.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "agent/link/link.h"
#include "api/http/message.h"
#include "base/core/result.h"
#include "base/run/clock.h"
#include "base/run/metrics.h"

namespace conclave::agent {

struct ViewOptions {
  std::size_t views_max = 1'024;  ///< What is asked beyond them is asked at a server each time.
  std::uint64_t bytes_max = 32ull << 20;      ///< Of all views together; likewise.
  std::uint64_t view_bytes_max = 4ull << 20;  ///< A longer answer is not kept.
  Nanos idle_max{std::chrono::minutes(10)};
};

class Views {
 public:
  /// References outlive this object.
  Views(Loop& main, const Clock& clock, Link& link, ViewOptions options, Metrics& metrics);
  ~Views() { stop(); }
  void stop();

  /// Whether the request is one whose answers are kept: ?cached on catalog and health reads that do
  /// not block.
  static bool serves(const api::Request& request);
  /// `X-Cache: MISS` from a server, or `HIT` and the `Age` of what is kept.
  Task<api::Response> read(api::Request request);

 private:
  struct View;
  struct State;
  static Task<api::Response> answer(std::shared_ptr<State> state, api::Request request);
  static Task<void> refresh(std::shared_ptr<State> state, std::shared_ptr<View> view);

  const std::shared_ptr<State> state_;
};

/// How old an answer may be, as a Cache-Control header says; nullopt: any age. ErrorCode::
/// bad_request `Invalid Cache-Control header.`.
Result<std::optional<Nanos>> age_allowed(std::string_view header);

}  // namespace conclave::agent
