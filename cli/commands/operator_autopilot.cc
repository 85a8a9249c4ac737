#include <fmt/format.h>

#include <map>
#include <ostream>
#include <tuple>

#include "api/codec/indent.h"
#include "api/codec/reader.h"
#include "api/codec/writer.h"
#include "api/model/autopilot.h"
#include "base/core/duration.h"
#include "cli/commands/client_flags.h"
#include "cli/commands/operator.h"

namespace conclave::cli {
namespace {

constexpr const char* configuration_path = "/v1/operator/autopilot/configuration";

struct ServerState {
  std::string name;
  std::string address;
  std::string version;
  std::string status;
  std::string node_type;
  std::string node_status;
  bool healthy = false;
  std::string last_contact;
  std::uint64_t last_term = 0;
  std::uint64_t last_index = 0;

  static constexpr auto fields() {
    using api::field;
    using S = ServerState;
    return std::tuple{
        field(0, "Name", &S::name),          field(0, "Address", &S::address),
        field(0, "Version", &S::version),    field(0, "Status", &S::status),
        field(0, "NodeType", &S::node_type), field(0, "NodeStatus", &S::node_status),
        field(0, "Healthy", &S::healthy),    field(0, "LastContact", &S::last_contact),
        field(0, "LastTerm", &S::last_term), field(0, "LastIndex", &S::last_index)};
  }
};

struct State {
  bool healthy = false;
  std::int64_t failure_tolerance = 0;
  std::int64_t optimistic_failure_tolerance = 0;
  std::map<std::string, ServerState> servers;
  std::string leader;
  std::vector<std::string> voters;

  static constexpr auto fields() {
    using api::field;
    return std::tuple{field(0, "Healthy", &State::healthy),
                      field(0, "FailureTolerance", &State::failure_tolerance),
                      field(0, "OptimisticFailureTolerance", &State::optimistic_failure_tolerance),
                      field(0, "Servers", &State::servers),
                      field(0, "Leader", &State::leader),
                      field(0, "Voters", &State::voters)};
  }
};

void print_state(std::ostream& out, const State& state) {
  out << fmt::format(
      "Healthy:                      {}\nFailure Tolerance:            {}\n"
      "Optimistic Failure Tolerance: {}\nLeader:                       {}\nVoters:\n",
      state.healthy, state.failure_tolerance, state.optimistic_failure_tolerance, state.leader);
  for (const std::string& voter : state.voters) out << "   " << voter << "\n";
  out << "Servers:\n";
  for (const auto& [id, server] : state.servers) {
    out << fmt::format(
        "   {}\n      Name:            {}\n      Address:         {}\n      Version:         {}\n"
        "      Status:          {}\n      Node Type:       {}\n      Node Status:     {}\n"
        "      Healthy:         {}\n      Last Contact:    {}\n      Last Term:       {}\n"
        "      Last Index:      {}\n",
        id, server.name, server.address, server.version, server.status, server.node_type,
        server.node_status, server.healthy, server.last_contact, server.last_term,
        server.last_index);
  }
}

Result<api::AutopilotConfig> read_config(const AgentClient& client) {
  CONCLAVE_TRY_ASSIGN(const std::string body, client.expect_ok("GET", configuration_path));
  return api::decode_body<api::AutopilotConfig>(body);
}

std::string to_body(const api::AutopilotConfig& config) {
  std::string body;
  api::JsonObject(body)
      .add("CleanupDeadServers", config.cleanup_dead_servers)
      .add("LastContactThreshold", format_duration(config.last_contact_threshold))
      .add("MaxTrailingLogs", config.max_trailing_logs)
      .add("MinQuorum", config.min_quorum)
      .add("ServerStabilizationTime", format_duration(config.server_stabilization_time))
      .add("RedundancyZoneTag", config.redundancy_zone_tag)
      .add("DisableUpgradeMigration", config.disable_upgrade_migration)
      .add("UpgradeVersionTag", config.upgrade_version_tag)
      .end();
  return body;
}

/// One flag of set-config: the member that it changes, as the JSON that says so.
struct ConfigFlag {
  std::string_view name;
  std::string_view member;
  bool quoted;  ///< A text or a duration, not a number or a boolean.
};

constexpr ConfigFlag config_flags[] = {
    {"cleanup-dead-servers", "CleanupDeadServers", false},
    {"last-contact-threshold", "LastContactThreshold", true},
    {"max-trailing-logs", "MaxTrailingLogs", false},
    {"min-quorum", "MinQuorum", false},
    {"server-stabilization-time", "ServerStabilizationTime", true},
    {"redundancy-zone-tag", "RedundancyZoneTag", true},
    {"disable-upgrade-migration", "DisableUpgradeMigration", false},
    {"upgrade-version-tag", "UpgradeVersionTag", true},
};

Result<void> apply_flag(const ConfigFlag& flag, const std::string& value,
                        api::AutopilotConfig& config) {
  std::string text;
  if (flag.quoted) {
    api::JsonObject(text).add(flag.member, value).end();
  } else {
    api::JsonObject(text).add_raw(flag.member, value).end();
  }
  const auto json = api::parse_json(text);
  const auto read =
      json ? api::read_json(*json, config) : Result<void>(std::unexpected(json.error()));
  if (read) return {};
  return fail(ErrorCode::bad_request, fmt::format("invalid value \"{}\" for flag -{}: {}", value,
                                                  flag.name, read.error().message));
}

constexpr std::string_view get_config_usage =
    R"(Usage: conclave operator autopilot get-config [flags]

  Shows how autopilot looks after the servers: `set-config` changes it.)";

constexpr std::string_view set_config_usage =
    R"(Usage: conclave operator autopilot set-config [flags]

  Changes how autopilot looks after the servers. What no flag names stays as it is. If somebody else
  changes it at the same time, nothing is changed and the command says so.

      $ conclave operator autopilot set-config -cleanup-dead-servers=false)";

constexpr std::string_view state_usage = R"(Usage: conclave operator autopilot state [flags]

  Shows the health of the servers as autopilot sees it, and how many of them may fail before the
  quorum is lost.)";

}  // namespace

int run_operator_autopilot_get_config(Terminal& terminal, const Arguments& arguments) {
  auto command = begin_client_command(terminal, get_config_usage, {}, arguments);
  if (command.exit_code) return *command.exit_code;
  const auto config = read_config(*command.client);
  if (!config) {
    terminal.err << "Error querying Autopilot configuration: " << config.error().message << "\n";
    return exit_failed;
  }
  terminal.out << fmt::format(
      "CleanupDeadServers = {}\nLastContactThreshold = {}\nMaxTrailingLogs = {}\nMinQuorum = {}\n"
      "ServerStabilizationTime = {}\nRedundancyZoneTag = \"{}\"\nDisableUpgradeMigration = {}\n"
      "UpgradeMigrationTag = \"{}\"\n",
      config->cleanup_dead_servers, format_duration(config->last_contact_threshold),
      config->max_trailing_logs, config->min_quorum,
      format_duration(config->server_stabilization_time), config->redundancy_zone_tag,
      config->disable_upgrade_migration, config->upgrade_version_tag);
  return exit_ok;
}

int run_operator_autopilot_set_config(Terminal& terminal, const Arguments& arguments) {
  auto command = begin_client_command(
      terminal, set_config_usage,
      {{"cleanup-dead-servers", true, "remove servers that failed"},
       {"last-contact-threshold", false, "silence that makes a server unhealthy, e.g. 200ms"},
       {"max-trailing-logs", false, "entries that a healthy server may lack"},
       {"min-quorum", false, "dead servers stay below so many voters"},
       {"server-stabilization-time", false, "how long a new server is healthy before it votes"},
       {"redundancy-zone-tag", false, "kept, without effect"},
       {"disable-upgrade-migration", true, "kept, without effect"},
       {"upgrade-version-tag", false, "kept, without effect"}},
      arguments);
  if (command.exit_code) return *command.exit_code;
  auto config = read_config(*command.client);
  if (!config) {
    terminal.err << "Error querying Autopilot configuration: " << config.error().message << "\n";
    return exit_failed;
  }
  for (const ConfigFlag& flag : config_flags) {
    const auto value = command.flags->value(flag.name);
    if (!value) continue;
    if (const auto applied = apply_flag(flag, *value, *config); !applied) {
      terminal.err << applied.error().message << "\n";
      return exit_failed;
    }
  }
  auto done = command.client->expect_ok(
      "PUT", configuration_path, {{"cas", std::to_string(config->modify_index)}}, to_body(*config));
  if (!done) {
    terminal.err << "Error setting Autopilot configuration: " << done.error().message << "\n";
    return exit_failed;
  }
  if (!done->contains("true")) {
    terminal.err << "Configuration could not be atomically updated, please try again\n";
    return exit_failed;
  }
  terminal.out << "Configuration updated!\n";
  return exit_ok;
}

int run_operator_autopilot_state(Terminal& terminal, const Arguments& arguments) {
  auto command = begin_client_command(terminal, state_usage,
                                      {{"format", false, "pretty or json [pretty]"}}, arguments);
  if (command.exit_code) return *command.exit_code;
  const std::string format = command.flags->value("format").value_or("pretty");
  if (format != "pretty" && format != "json") {
    terminal.err << "Unknown format: " << format << ", must be one of: json|pretty\n";
    return exit_failed;
  }
  auto body = command.client->expect_ok("GET", "/v1/operator/autopilot/state");
  auto state = body ? api::decode_body<State>(*body) : Result<State>(std::unexpected(body.error()));
  if (!state) {
    terminal.err << "Error querying Autopilot state: " << state.error().message << "\n";
    return exit_failed;
  }
  if (format == "json") {
    terminal.out << api::indent_json(*body);
  } else {
    print_state(terminal.out, *state);
  }
  return exit_ok;
}

}  // namespace conclave::cli
