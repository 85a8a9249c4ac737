#pragma once

/// The servers that an agent knows, and the cluster they are: learnt from servers and other agents,
/// remembered in <data_dir>/agent/servers, so that an agent starts without its join list (docs/
/// formats.md). One loop.

#include <cstdint>
#include <string>
#include <vector>

#include "base/core/result.h"
#include "base/core/rng.h"
#include "base/core/uuid.h"

namespace conclave::agent {

class ServerList {
 public:
  /// `path`: "" = nothing is remembered.
  explicit ServerList(std::string path) : path_(std::move(path)) {}

  /// No file is no error; one that cannot be read is, and names itself.
  Result<void> load();

  /// `all`: a server says that these are all; else some more.
  void learn(const std::vector<std::string>& addresses, bool all);
  /// A server of that cluster was met. An epoch only rises.
  void met(const UuidBytes& cluster_id, std::uint32_t recovery_epoch);

  const std::vector<std::string>& addresses() const { return addresses_; }
  const UuidBytes& cluster_id() const { return cluster_id_; }
  std::uint32_t recovery_epoch() const { return recovery_epoch_; }

  /// All of them in random order, `last` at the end.
  std::vector<std::string> shuffled(const std::string& last, Rng& rng) const;

  static constexpr std::size_t servers_max = 64;  ///< More are not remembered.

 private:
  void save();

  const std::string path_;
  std::vector<std::string> addresses_;  ///< Sorted.
  UuidBytes cluster_id_{};              ///< Zeros: none met yet.
  std::uint32_t recovery_epoch_ = 0;
};

}  // namespace conclave::agent
