#pragma once

/// The configuration of autopilot (contract 12): one replicated value of the cluster. JSON shows
/// its durations as Go texts, which daemon/http writes; reading takes both forms.

#include <cstdint>
#include <string>
#include <tuple>

#include "api/model/field.h"
#include "base/core/duration.h"

namespace conclave::api {

struct AutopilotConfig {
  bool cleanup_dead_servers = true;
  Nanos last_contact_threshold{std::chrono::milliseconds(200)};
  std::uint64_t max_trailing_logs = 250;
  std::uint64_t min_quorum = 0;  ///< Dead servers are not removed below so many voters; 0 = none.
  Nanos server_stabilization_time{std::chrono::seconds(10)};
  // Kept and shown, and without effect: they belong to features that Conclave does not have.
  std::string redundancy_zone_tag;
  bool disable_upgrade_migration = false;
  std::string upgrade_version_tag;
  std::uint64_t create_index = 0;  ///< Both are set in apply.
  std::uint64_t modify_index = 0;

  friend bool operator==(const AutopilotConfig&, const AutopilotConfig&) = default;
  static constexpr auto fields() {
    using A = AutopilotConfig;
    return std::tuple{field(1, "CleanupDeadServers", &A::cleanup_dead_servers),
                      field(2, "LastContactThreshold", &A::last_contact_threshold),
                      field(3, "MaxTrailingLogs", &A::max_trailing_logs),
                      field(4, "MinQuorum", &A::min_quorum),
                      field(5, "ServerStabilizationTime", &A::server_stabilization_time),
                      field(6, "RedundancyZoneTag", &A::redundancy_zone_tag),
                      field(7, "DisableUpgradeMigration", &A::disable_upgrade_migration),
                      field(8, "UpgradeVersionTag", &A::upgrade_version_tag),
                      field(9, "CreateIndex", &A::create_index),
                      field(10, "ModifyIndex", &A::modify_index)};
  }
};

}  // namespace conclave::api
