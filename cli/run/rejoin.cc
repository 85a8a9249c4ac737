#include "cli/run/rejoin.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <sstream>

#include "base/run/clock.h"
#include "base/run/file.h"
#include "base/run/log.h"
#include "daemon/store/set_aside.h"
#include "raft/core/configuration.h"
#include "raft/wal/recovery.h"

namespace conclave::cli {
namespace {

constexpr std::size_t note_bytes_max = 64 << 10;

std::string note_path(const std::string& data_dir) { return data_dir + "/rejoin"; }

/// The other voters of the last configuration that the log can still tell; none if it tells none.
std::vector<std::string> other_voters(const std::string& data_dir, const std::string& node_id) {
  std::vector<std::string> addresses;
  const auto log = raft::salvage_log(data_dir + "/raft/wal", raft::Index{});
  if (!log) return addresses;
  const raft::LogSummary& summary = log->contents.summary;
  const std::string bytes = summary.configuration_at(summary.last_index()).bytes;
  const auto configuration = raft::decode_configuration(bytes);
  if (bytes.empty() || !configuration) return addresses;
  for (const raft::Server& server : configuration->servers) {
    const bool votes = server.suffrage == raft::Suffrage::voter;
    if (votes && server.id.value != node_id) addresses.push_back(server.address);
  }
  return addresses;
}

}  // namespace

Result<std::optional<std::vector<std::string>>> rejoin_addresses(const std::string& data_dir) {
  if (!path_exists(note_path(data_dir))) return std::nullopt;
  CONCLAVE_TRY_ASSIGN(const std::string text, read_file(note_path(data_dir), note_bytes_max));
  std::vector<std::string> addresses;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) addresses.push_back(line);
  return addresses;
}

Result<void> begin_anew(const std::string& data_dir, const std::string& node_id,
                        const Error& damage) {
  const std::vector<std::string> others = other_voters(data_dir, node_id);
  if (others.empty()) return std::unexpected(damage);
  log_error("server", "this server begins anew and gets everything from {}: {}",
            fmt::join(others, ", "), damage.message);
  CONCLAVE_TRY(
      write_file_atomically(note_path(data_dir), fmt::format("{}\n", fmt::join(others, "\n"))));
  const auto now = std::chrono::duration_cast<std::chrono::seconds>(system_clock().wall_now());
  CONCLAVE_TRY_ASSIGN(const std::string aside, daemon::set_aside(data_dir, "damaged", now.count()));
  return {};
}

Result<void> end_rejoin(const std::string& data_dir) {
  if (!path_exists(note_path(data_dir))) return {};
  return remove_file(note_path(data_dir));
}

}  // namespace conclave::cli
