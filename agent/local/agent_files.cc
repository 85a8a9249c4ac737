#include "agent/local/agent_files.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "api/codec/json_value.h"
#include "api/codec/reader.h"
#include "api/codec/writer.h"
#include "base/core/hash.h"
#include "base/core/text.h"
#include "base/run/file.h"
#include "base/run/log.h"

namespace conclave::agent {

namespace {

constexpr std::string_view services = "services";
constexpr std::string_view checks = "checks";
constexpr std::string_view states = "check-state";
constexpr std::string_view alive = "alive";

template <class T>
Result<T> load(const std::string& path) {
  CONCLAVE_TRY_ASSIGN(const std::string text, read_file(path));
  CONCLAVE_TRY_ASSIGN(const api::JsonValue json, api::parse_json(text));
  T value;
  CONCLAVE_TRY(api::read_json(json, value));
  return value;
}

/// Not synced: it is for a restart of the process, and may be lost with the machine.
Result<void> replace_file(const std::string& path, const std::string& text) {
  const std::string temporary = path + ".new";
  CONCLAVE_TRY_ASSIGN(const Descriptor file, open_file(temporary, O_WRONLY | O_CREAT | O_TRUNC));
  CONCLAVE_TRY(write_all(file.get(), text, temporary));
  if (std::rename(temporary.c_str(), path.c_str()) != 0) {
    return fail_errno("rename", temporary, errno);
  }
  return {};
}

/// In its place: ext4 writes out at once what is renamed over another file, which takes ten times
/// as long. One write and no truncation, so that whoever is killed leaves the old text or the new
/// one; spaces cover what was longer.
Result<void> overwrite_file(const std::string& path, std::string text) {
  CONCLAVE_TRY_ASSIGN(const Descriptor file, open_file(path, O_WRONLY | O_CREAT));
  struct stat before{};
  if (::fstat(file.get(), &before) != 0) return fail_errno("stat", path, errno);
  text.resize(std::max(text.size(), static_cast<std::size_t>(before.st_size)), ' ');
  return write_all(file.get(), text, path);
}

std::int64_t nanoseconds_of(const timespec& time) {
  return (std::chrono::seconds(time.tv_sec) + Nanos(time.tv_nsec)).count();
}

template <class T>
std::vector<T> load_all(const std::string& folder) {
  std::vector<T> values;
  const auto names = list_directory(folder);
  if (!names) return values;
  for (const std::string& name : *names) {
    const std::string path = folder + "/" + name;
    // What a crash left of an unfinished replacement is not a definition.
    if (name.size() != 64) continue;
    Result<T> value = load<T>(path);
    if (value) {
      values.push_back(std::move(*value));
    } else {
      log_error("agent", "Skipped {}, which cannot be read: {}", path, value.error().message);
    }
  }
  return values;
}

}  // namespace

AgentFiles::AgentFiles(std::string data_dir)
    : root_(data_dir.empty() ? "" : std::move(data_dir) + "/agent") {}

std::string AgentFiles::path(std::string_view folder, const std::string& id) const {
  return root_ + "/" + std::string(folder) + "/" + encode_hex(sha256(id));
}

Result<void> AgentFiles::create_directories() const {
  if (off()) return {};
  for (const std::string_view folder : {services, checks, states}) {
    CONCLAVE_TRY(make_directories(root_ + "/" + std::string(folder)));
  }
  return {};
}

Result<void> AgentFiles::save(const api::ServiceDefinition& service) const {
  if (off()) return {};
  return write_file_atomically(path(services, service.id), api::to_json(service));
}

Result<void> AgentFiles::save(const api::CheckDefinition& check) const {
  if (off()) return {};
  return write_file_atomically(path(checks, check.id), api::to_json(check));
}

bool AgentFiles::save(const CheckState& state) const {
  if (off()) return true;
  const auto written = overwrite_file(path(states, state.check_id), api::to_json(state));
  if (written) return true;
  log_warn("agent", "State of check {} was not kept for a restart: {}", state.check_id,
           written.error().message);
  return false;
}

bool AgentFiles::extend_state(const std::string& check_id, std::int64_t expires_ns) const {
  if (off()) return true;
  const auto seconds = std::chrono::floor<std::chrono::seconds>(Nanos(expires_ns));
  const timespec times[2] = {
      {.tv_sec = 0, .tv_nsec = UTIME_OMIT},
      {.tv_sec = seconds.count(), .tv_nsec = (Nanos(expires_ns) - seconds).count()}};
  return ::utimensat(AT_FDCWD, path(states, check_id).c_str(), times, 0) == 0;
}

void AgentFiles::save_alive(Nanos boot_time) const {
  if (off()) return;
  const std::string path = root_ + "/" + std::string(alive);
  if (auto written = replace_file(path, std::to_string(boot_time.count())); !written) {
    log_warn("agent", "Checks will be critical after a restart: {}", written.error().message);
  }
}

Result<void> AgentFiles::remove_service(const std::string& id) const {
  if (off()) return {};
  return remove_file(path(services, id));
}

Result<void> AgentFiles::remove_check(const std::string& id) const {
  if (off()) return {};
  return remove_file(path(checks, id));
}

void AgentFiles::remove_state(const std::string& check_id) const {
  // A state that stays behind is outdated within its TTL.
  if (!off()) std::remove(path(states, check_id).c_str());
}

std::vector<api::ServiceDefinition> AgentFiles::load_services() const {
  if (off()) return {};
  return load_all<api::ServiceDefinition>(root_ + "/" + std::string(services));
}

std::vector<api::CheckDefinition> AgentFiles::load_checks() const {
  if (off()) return {};
  return load_all<api::CheckDefinition>(root_ + "/" + std::string(checks));
}

std::optional<CheckState> AgentFiles::load_state(const std::string& check_id) const {
  if (off()) return std::nullopt;
  const std::string file = path(states, check_id);
  Result<CheckState> state = load<CheckState>(file);
  struct stat now{};
  if (!state || state->check_id != check_id || ::stat(file.c_str(), &now) != 0) return std::nullopt;
  if (state->expires_ns != 0) {
    state->expires_ns = std::max(state->expires_ns, nanoseconds_of(now.st_mtim));
  }
  return std::move(*state);
}

std::optional<Nanos> AgentFiles::load_alive() const {
  if (off()) return std::nullopt;
  const Result<std::string> text = read_file(root_ + "/" + std::string(alive));
  const auto nanoseconds = text ? parse_i64(*text) : std::nullopt;
  if (!nanoseconds) return std::nullopt;
  return Nanos(*nanoseconds);
}

}  // namespace conclave::agent
