#pragma once

#include <string>
#include <vector>

#include "base/core/result.h"
#include "base/run/file.h"
#include "cli/config/agent_config.h"

namespace conclave::cli {

/// The open HTTP sockets of this process, and the files of UNIX sockets, which go with it.
class Listeners {
 public:
  /// Opens every address of the configuration. Errors name the address and what to do.
  static Result<Listeners> open(const AgentConfig& config);
  ~Listeners();
  Listeners(Listeners&&) noexcept = default;
  Listeners& operator=(Listeners&&) = delete;

  /// A duplicate of each descriptor, for one loop: all loops accept from the same sockets.
  Result<std::vector<int>> duplicate() const;
  /// "127.0.0.1:8500", "unix:///run/conclave.sock".
  const std::vector<std::string>& addresses() const { return addresses_; }

 private:
  Listeners() = default;

  std::vector<Descriptor> sockets_;
  std::vector<std::string> addresses_;
  std::vector<std::string> files_;
};

}  // namespace conclave::cli
