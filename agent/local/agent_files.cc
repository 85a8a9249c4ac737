#include "agent/local/agent_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

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

/// In its place: a rename over a file makes ext4 write the new one out at once, which is too much
/// for every heartbeat. Who is killed in between leaves a text that cannot be read, as if there
/// were none.
Result<void> overwrite_file(const std::string& path, const std::string& text) {
  CONCLAVE_TRY_ASSIGN(const Descriptor file, open_file(path, O_WRONLY | O_CREAT));
  CONCLAVE_TRY(write_all(file.get(), text, path));
  if (::ftruncate(file.get(), static_cast<off_t>(text.size())) != 0) {
    return fail_errno("truncate", path, errno);
  }
  return {};
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

void AgentFiles::save(const CheckState& state) const {
  if (off()) return;
  if (auto written = overwrite_file(path(states, state.check_id), api::to_json(state)); !written) {
    log_warn("agent", "State of check {} was not kept for a restart: {}", state.check_id,
             written.error().message);
  }
}

void AgentFiles::save_alive(Nanos boot_time) const {
  if (off()) return;
  const std::string path = root_ + "/" + std::string(alive);
  if (auto written = overwrite_file(path, fmt::format("{:020}", boot_time.count())); !written) {
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
  Result<CheckState> state = load<CheckState>(path(states, check_id));
  if (!state || state->check_id != check_id) return std::nullopt;
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
