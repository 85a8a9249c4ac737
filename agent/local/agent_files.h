#pragma once

/// The agent's files: what was registered over HTTP, and the state of TTL checks, so that a restart
/// loses neither (contract 6.1, 7.3).
///
///   <data_dir>/agent/services/<sha256 of the id>      a ServiceDefinition without checks, JSON
///   <data_dir>/agent/checks/<sha256 of the id>        a CheckDefinition, JSON
///   <data_dir>/agent/check-state/<sha256 of the id>   a CheckState, JSON
///
/// Agent loop. Files are small; definitions are replaced durably, states are not synced (a lost one
/// costs one heartbeat).

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "api/model/agent_check.h"
#include "api/model/agent_service.h"
#include "base/core/result.h"

namespace conclave::agent {

/// What a client last said of a TTL check.
struct CheckState {
  std::string check_id;
  std::string status;
  std::string output;
  std::int64_t expires_ns =
      0;  ///< Unix time; the boot-time clock does not survive a restart of the machine.

  static constexpr auto fields() {
    using S = CheckState;
    return std::tuple{api::field(0, "CheckID", &S::check_id), api::field(0, "Status", &S::status),
                      api::field(0, "Output", &S::output),
                      api::field(0, "Expires", &S::expires_ns)};
  }
};

class AgentFiles {
 public:
  /// "" = keep nothing, and find nothing.
  explicit AgentFiles(std::string data_dir);

  Result<void> create_directories() const;

  Result<void> save(const api::ServiceDefinition& service) const;
  Result<void> save(const api::CheckDefinition& check) const;
  void save(const CheckState& state) const;

  Result<void> remove_service(const std::string& id) const;
  Result<void> remove_check(const std::string& id) const;
  void remove_state(const std::string& check_id) const;

  /// Everything that can be read; a file that cannot is named in the log, left where it is, and
  /// skipped.
  std::vector<api::ServiceDefinition> load_services() const;
  std::vector<api::CheckDefinition> load_checks() const;
  std::optional<CheckState> load_state(const std::string& check_id) const;

 private:
  std::string path(std::string_view folder, const std::string& id) const;
  bool off() const { return root_.empty(); }
  std::string root_;  ///< <data_dir>/agent
};

}  // namespace conclave::agent
