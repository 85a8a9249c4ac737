#pragma once

/// Blocking queries of this host's clients: those that ask the same with the same token share one
/// query at a server. Who is first decides how it waits; an answer is everybody's. When the last of
/// those who wait has gone, so has the query. Loop of the HTTP connections (main).

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>

#include "agent/link/link.h"
#include "api/http/message.h"
#include "base/run/metrics.h"

namespace conclave::agent {

class SharedQueries {
 public:
  /// `link` outlives this object.
  SharedQueries(Loop& main, Link& link, Metrics& metrics);

  /// A parked response, whose answer comes from the server.
  api::Response park(api::Request request);

  /// Different queries at once; 429 beyond.
  static constexpr std::size_t queries_max = 4'096;

 private:
  struct Query;
  struct State;
  class Waiting;
  static Task<void> run(std::shared_ptr<State> state, std::shared_ptr<Query> query,
                        api::Request request);

  const std::shared_ptr<State> state_;
};

/// What tells queries apart: target and token, as they were sent.
std::string shared_identity(const api::Request& request);

}  // namespace conclave::agent
