#include "cli/offline/rebuild.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "api/model/record.h"
#include "base/core/text.h"
#include "base/run/clock.h"
#include "base/run/random.h"
#include "daemon/command/command.h"
#include "daemon/snapshot/generation_build.h"
#include "daemon/snapshot/restamped_rows.h"
#include "daemon/snapshot/state_rows.h"
#include "daemon/state/state_machine.h"
#include "daemon/store/set_aside.h"
#include "raft/core/configuration.h"
#include "raft/wal/writer.h"

namespace conclave::cli {
namespace {

constexpr std::string_view complete_name = "/complete";
/// Entries in one transaction.
constexpr std::size_t batch_entries_max = 256;

std::string complete_path(const std::string& data_dir) {
  return data_dir + "/recovery" + std::string(complete_name);
}

bool is_restore(const daemon::Command& command) {
  return std::holds_alternative<daemon::Restore>(command.body);
}

Result<void> apply_entry(const raft::Entry& entry, daemon::Rows& rows) {
  if (entry.kind != raft::EntryKind::command) return {};
  const auto payload = api::decode_record<daemon::EntryPayload>(entry.payload);
  if (!payload) {
    return fail(ErrorCode::corrupt, fmt::format("log entry {} cannot be decoded: {}",
                                                entry.index.value, payload.error().message));
  }
  const daemon::ApplyTime time{payload->cluster_time_ms, payload->wall_time};
  for (const daemon::Command& command : payload->commands) {
    if (is_restore(command)) {
      return fail(ErrorCode::failed,
                  fmt::format("log entry {} restores a snapshot that this server has not put in "
                              "place yet; recover from a server that has",
                              entry.index.value));
    }
    daemon::ChangeSet changes;
    (void)daemon::apply(command, time, rows, changes);
  }
  daemon::record_time(time, rows);
  return {};
}

Result<void> move_into_place(const std::string& from, const std::string& to) {
  if (!path_exists(from)) return {};
  if (std::rename(from.c_str(), to.c_str()) != 0) return fail_errno("move", from, errno);
  return {};
}

}  // namespace

bool rebuild_was_interrupted(const std::string& data_dir) {
  return path_exists(complete_path(data_dir));
}

Result<std::unique_ptr<Survivor>> Survivor::open(const std::string& data_dir) {
  if (!path_exists(data_dir)) return fail(ErrorCode::not_found, data_dir + " does not exist");
  Result<Descriptor> lock = lock_file(data_dir + "/lock");
  if (!lock) {
    return fail(lock.error().code, fmt::format("{} is in use: stop the server first", data_dir));
  }
  std::unique_ptr<Survivor> survivor(new Survivor(data_dir, std::move(*lock)));
  if (rebuild_was_interrupted(data_dir)) {
    survivor->findings_.is_interrupted = true;
    return survivor;
  }
  CONCLAVE_TRY(survivor->look());
  return survivor;
}

Result<void> Survivor::look() {
  CONCLAVE_TRY_ASSIGN(const std::string node_id, read_file(data_dir_ + "/node-id", 256));
  findings_.node_id = to_lower_ascii(trim_spaces(node_id));
  daemon::StoreOptions options;
  options.directory = data_dir_ + "/state";
  options.checkpoint_ms = 0;
  CONCLAVE_TRY_ASSIGN(store_, daemon::Store::open(options, main_, metrics_));
  findings_.state_index = {store_->applied().index};
  CONCLAVE_TRY_ASSIGN(log_, raft::salvage_log(data_dir_ + "/raft/wal", findings_.state_index));
  judge_log();
  const raft::LogSummary& summary = log_.contents.summary;
  findings_.recovery_epoch = log_.contents.identity.recovery_epoch;
  findings_.commit_index = summary.commit_index();
  if (log_.damage) findings_.damage = log_.damage->message;
  std::string bytes = summary.configuration_at(summary.last_index()).bytes;
  if (const auto origin = store_->origin(); origin && findings_.left_out) {
    bytes = origin->configuration;
  }
  if (!bytes.empty()) {
    CONCLAVE_TRY_ASSIGN(findings_.configuration, raft::decode_configuration(bytes));
  }
  return {};
}

/// Entries count if they go on where the state ends.
void Survivor::judge_log() {
  const raft::LogSummary& summary = log_.contents.summary;
  const raft::Index state = findings_.state_index;
  findings_.last_index = state;
  findings_.last_term = {store_->applied().term};
  if (summary.last_index() < state) {
    findings_.left_out =
        fmt::format("the log ends with entry {}, before the state", summary.last_index().value);
  } else if (summary.base_index() > state) {
    findings_.left_out = fmt::format("the log begins after entry {}, and the state ends before",
                                     summary.base_index().value);
  } else if (summary.term_at(state) != findings_.last_term && state.value > 0) {
    findings_.left_out = "the log has another history than the state";
  } else {
    findings_.last_index = summary.last_index();
    findings_.last_term = summary.last_term();
    findings_.entries = log_.contents.entries.size();
  }
}

raft::Configuration Survivor::alone() const {
  raft::Server self{.id = {findings_.node_id}, .incarnation = incarnation_, .address = {}};
  if (const auto* known = raft::find_server(findings_.configuration, self.id)) {
    self.address = known->address;
  }
  return {.servers = {std::move(self)}, .outgoing = {}};
}

Result<std::string> Survivor::rebuild() {
  if (!findings_.is_interrupted) {
    std::ranges::copy(random_bytes(incarnation_.size()), incarnation_.begin());
    std::error_code error;
    std::filesystem::remove_all(staging(), error);
    if (error) return fail_errno("remove", staging(), error.value());
    CONCLAVE_TRY(make_directories(staging()));
    CONCLAVE_TRY(apply_entries());
    CONCLAVE_TRY(build_state());
    CONCLAVE_TRY(build_log());
    CONCLAVE_TRY(write_file_atomically(complete_path(data_dir_), "\n"));
  }
  store_.reset();
  return put_in_place();
}

Result<void> Survivor::apply_entries() {
  if (findings_.left_out) return {};
  const auto& entries = log_.contents.entries;
  for (std::size_t from = 0; from < entries.size();) {
    const std::size_t until = std::min(entries.size(), from + batch_entries_max);
    const auto batch = store_->begin();
    if (store_->applied().index == 0) daemon::initialise_state(batch->rows());
    for (std::size_t i = from; i < until; ++i) CONCLAVE_TRY(apply_entry(entries[i], batch->rows()));
    batch->commit({entries[until - 1].index.value, entries[until - 1].term.value});
    from = until;
  }
  return {};
}

Result<void> Survivor::build_state() {
  daemon::StoreOptions options;
  options.directory = staging() + "/state";
  CONCLAVE_TRY(make_directories(options.directory));
  daemon::GenerationStore::Frozen state = store_->freeze();
  daemon::RestoreBasis basis = daemon::restore_basis(state.snapshot.rows(), 0);
  daemon::GenerationPlan plan;
  plan.applied = {findings_.last_index.value, findings_.last_term.value};
  plan.rows = std::make_unique<daemon::RestampedRows>(
      std::make_unique<daemon::StateRows>(std::move(state.snapshot)), std::move(basis));
  CONCLAVE_TRY_ASSIGN(auto builder, daemon::GenerationBuilder::begin(options, 1));
  const auto build = daemon::GenerationBuild::with(std::move(plan), std::move(builder));
  for (;;) {
    CONCLAVE_TRY_ASSIGN(std::optional<daemon::OpenGeneration> built, build->step());
    if (!built) continue;
    daemon::abandon_generation(*built);
    return {};
  }
}

Result<void> Survivor::build_log() const {
  raft::LogIdentity identity = log_.contents.identity;
  identity.incarnation = incarnation_;
  identity.recovery_epoch += 1;
  const raft::LogBase base{findings_.last_index, findings_.last_term, alone()};
  raft::HardState hard_state = log_.contents.summary.hard_state();
  hard_state.current_term = std::max(hard_state.current_term, findings_.last_term);
  hard_state.voted_for = {};
  raft::WriterOptions options;
  options.directory = staging() + "/raft/wal";
  const auto written = raft::LogWriter::create_after(options, identity, base, hard_state);
  if (!written) return std::unexpected(written.error());
  return {};
}

/// After a crash in here the next call goes on: what has been moved already is not there any more.
Result<std::string> Survivor::put_in_place() {
  const auto now = std::chrono::duration_cast<std::chrono::seconds>(system_clock().wall_now());
  std::string aside;
  for (const std::string& part : daemon::log_and_state) {
    const std::string from = fmt::format("{}/{}", staging(), part);
    const std::string to = fmt::format("{}/{}", data_dir_, part);
    if (!path_exists(from)) continue;
    if (path_exists(to)) {
      CONCLAVE_TRY_ASSIGN(aside,
                          daemon::set_aside(data_dir_, "before-recovery", now.count(), {part}));
    }
    CONCLAVE_TRY(move_into_place(from, to));
    CONCLAVE_TRY(sync_directory(data_dir_));
  }
  CONCLAVE_TRY(remove_file(complete_path(data_dir_)));
  std::error_code ignored;
  std::filesystem::remove_all(staging(), ignored);
  return aside;
}

}  // namespace conclave::cli
