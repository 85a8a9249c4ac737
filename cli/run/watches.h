#pragma once

/// The watches of the configuration: each follows something of the cluster and runs its handler
/// when that changes, as the `watch` command does, but goes on when a handler fails. They ask this
/// agent over HTTP, like any other client. Agent loop.

#include <memory>
#include <string>
#include <vector>

#include "base/run/loop.h"
#include "cli/config/agent_config.h"
#include "cli/config/watches.h"

namespace conclave::cli {

/// Where this agent answers HTTP, as it calls itself: "http://127.0.0.1:8500", "unix:///path"; ""
/// when it does not.
std::string own_http_url(const AgentConfig& config);

class Watches {
 public:
  Watches(Loop& loop, std::string url) : loop_(loop), url_(std::move(url)) {}
  ~Watches();
  Watches(const Watches&) = delete;
  Watches& operator=(const Watches&) = delete;

  /// These and no others from now on. Those that were there before go on, and do not run their
  /// handlers for it; a handler of one that is gone may end what it does.
  void follow(const std::vector<WatchDefinition>& definitions);
  /// Handlers are asked to end; those that are there when the loop goes are killed.
  void stop();

 private:
  class Watch;
  Loop& loop_;
  const std::string url_;
  std::vector<std::shared_ptr<Watch>> watches_;
};

}  // namespace conclave::cli
