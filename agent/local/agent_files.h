#pragma once

/// The agent's files: what was registered over HTTP, and how checks were last, so that a restart
/// loses neither (contract 6.1, 7.3).
///
///   <data_dir>/agent/services/<sha256 of the id>      a ServiceDefinition without checks, JSON
///   <data_dir>/agent/checks/<sha256 of the id>        a CheckDefinition, JSON
///   <data_dir>/agent/check-state/<sha256 of the id>   a CheckState, JSON
///   <data_dir>/agent/alive                            when it was, nanoseconds of boot time
///
/// Agent loop. Files are small; definitions are replaced durably, the others are not synced (a lost
/// state costs one heartbeat, or one run).
///
/// A heartbeat that says nothing new only moves the modification time of its state to when the TTL
/// ends from then on: the state is good until the later of that and its Expires. So a TTL check has
/// exactly as much time left after a restart as before it, and one whose modification time got lost
/// (a copy, a restored backup) has less, never more.

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "api/model/agent_check.h"
#include "api/model/agent_service.h"
#include "base/core/duration.h"
#include "base/core/result.h"

namespace conclave::agent {

/// How a check was last.
struct CheckState {
  std::string check_id;
  std::string status;
  std::string output;
  /// Of a TTL check, Unix time: the boot-time clock does not survive a restart of the machine. 0:
  /// of another check. In the file as of when it was written, loaded with what was added to it.
  std::int64_t expires_ns = 0;

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
  /// False, and a line in the log: it was not written.
  bool save(const CheckState& state) const;
  /// For a state that is as it was saved, but for this. False: it has to be saved whole.
  bool extend_state(const std::string& check_id, std::int64_t expires_ns) const;

  /// This agent is alive: at that time of the boot-time clock.
  void save_alive(Nanos boot_time) const;

  Result<void> remove_service(const std::string& id) const;
  Result<void> remove_check(const std::string& id) const;
  void remove_state(const std::string& check_id) const;

  /// Everything that can be read; a file that cannot is named in the log, left where it is, and
  /// skipped.
  std::vector<api::ServiceDefinition> load_services() const;
  std::vector<api::CheckDefinition> load_checks() const;
  std::optional<CheckState> load_state(const std::string& check_id) const;
  /// When it was alive last; nullopt: never, or it cannot be read.
  std::optional<Nanos> load_alive() const;

 private:
  std::string path(std::string_view folder, const std::string& id) const;
  bool off() const { return root_.empty(); }
  std::string root_;  ///< <data_dir>/agent
};

}  // namespace conclave::agent
