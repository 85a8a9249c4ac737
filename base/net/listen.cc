#include <fmt/format.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "base/net/listener.h"

namespace conclave {
namespace {

constexpr int backlog = 1024;

std::string cause_of(int error, std::string_view setting) {
  switch (error) {
    case EADDRINUSE:
      return fmt::format(
          "address already in use: another process listens there; choose another "
          "port with {}",
          setting);
    case EACCES:
      return fmt::format(
          "permission denied: ports below 1024 need CAP_NET_BIND_SERVICE; choose "
          "another port with {}",
          setting);
    case EADDRNOTAVAIL:
      return "cannot assign requested address: no interface of this host has it; choose another "
             "with bind_addr";
    default:
      return std::strerror(error);
  }
}

/// Bound and listening, or -1 and errno.
int open_listener(const addrinfo& at) {
  const int descriptor =
      ::socket(at.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, at.ai_protocol);
  if (descriptor < 0) return -1;
  const int yes = 1;
  ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (::bind(descriptor, at.ai_addr, at.ai_addrlen) == 0 && ::listen(descriptor, backlog) == 0) {
    return descriptor;
  }
  const int error = errno;
  ::close(descriptor);
  errno = error;
  return -1;
}

}  // namespace

Result<int> listen_on(const std::string& ip, std::uint16_t port, std::string_view setting) {
  const std::string where =
      ip.contains(':') ? fmt::format("[{}]:{}", ip, port) : fmt::format("{}:{}", ip, port);
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(ip.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) {
    return fail(ErrorCode::bad_request,
                fmt::format("listen tcp {}: '{}' is not an IP address", where, ip));
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);
  const int descriptor = open_listener(*found);
  if (descriptor >= 0) return descriptor;
  return fail(ErrorCode::io,
              fmt::format("listen tcp {}: bind: {}", where, cause_of(errno, setting)));
}

}  // namespace conclave
