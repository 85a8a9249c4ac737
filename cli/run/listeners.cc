#include "cli/run/listeners.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "api/http/server.h"
#include "base/core/text.h"
#include "cli/run/options.h"

namespace conclave::cli {
namespace {

/// A number, or what the database knows under that name.
template <class Entry, class Id>
Result<Id> find_id(const std::string& name, Entry* (*by_name)(const char*), Id Entry::* id,
                   std::string_view kind) {
  if (name.empty()) return static_cast<Id>(-1);
  if (auto number = parse_u64(name)) return static_cast<Id>(*number);
  const Entry* entry = by_name(name.c_str());
  if (entry == nullptr) {
    return fail(ErrorCode::bad_request,
                fmt::format("unix_sockets.{}: there is no {} \"{}\"", kind, kind, name));
  }
  return entry->*id;
}

/// unix_sockets of the configuration: who may connect. Neglecting it would let in too many.
Result<void> restrict_socket(const std::string& path, const UnixSocketPermissions& permissions) {
  CONCLAVE_TRY_ASSIGN(const uid_t user,
                      find_id(permissions.user, &::getpwnam, &passwd::pw_uid, "user"));
  CONCLAVE_TRY_ASSIGN(const gid_t group,
                      find_id(permissions.group, &::getgrnam, &group::gr_gid, "group"));
  if (!permissions.user.empty() || !permissions.group.empty()) {
    if (::chown(path.c_str(), user, group) != 0) return fail_errno("change owner of", path, errno);
  }
  if (permissions.mode.empty()) return {};
  const auto mode = static_cast<mode_t>(std::strtoul(permissions.mode.c_str(), nullptr, 8));
  if (::chmod(path.c_str(), mode) != 0) return fail_errno("change mode of", path, errno);
  return {};
}

/// Nobody but this user may connect before the permissions are as configured.
Result<int> listen_restricted(const std::string& path, const UnixSocketPermissions& permissions) {
  const bool restricted =
      !permissions.user.empty() || !permissions.group.empty() || !permissions.mode.empty();
  if (!restricted) return api::listen_unix(path);
  const mode_t before = ::umask(0177);
  auto socket = api::listen_unix(path);
  ::umask(before);
  if (!socket) return socket;
  Descriptor owner(*socket);
  if (auto done = restrict_socket(path, permissions); !done) {
    ::unlink(path.c_str());
    return std::unexpected(done.error());
  }
  return owner.release();
}

}  // namespace

Result<Listeners> Listeners::open(const AgentConfig& config) {
  Listeners listeners;
  for (const std::string& address : config.http_addresses) {
    if (address.starts_with("unix://")) {
      const std::string path = address.substr(7);
      CONCLAVE_TRY_ASSIGN(const int socket, listen_restricted(path, config.unix_sockets));
      listeners.sockets_.emplace_back(socket);
      listeners.files_.push_back(path);
      listeners.addresses_.push_back(address);
    } else if (config.ports.http > 0) {
      const auto port = static_cast<std::uint16_t>(config.ports.http);
      CONCLAVE_TRY_ASSIGN(const int socket, api::listen_tcp(address, port));
      listeners.sockets_.emplace_back(socket);
      listeners.addresses_.push_back(join_host_port(address, port));
    }
  }
  return listeners;
}

Listeners::~Listeners() {
  for (const std::string& file : files_) ::unlink(file.c_str());
}

Result<std::vector<int>> Listeners::duplicate() const {
  std::vector<int> copies;
  for (const Descriptor& socket : sockets_) {
    const int copy = ::fcntl(socket.get(), F_DUPFD_CLOEXEC, 0);
    if (copy < 0) {
      for (const int open : copies) ::close(open);
      return fail_errno("duplicate", "a listening socket", errno);
    }
    copies.push_back(copy);
  }
  return copies;
}

}  // namespace conclave::cli
