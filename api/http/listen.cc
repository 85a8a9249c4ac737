#include "api/http/listen.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "api/http/server.h"

namespace conclave::api {

namespace {

constexpr int backlog = 4096;
// Go's defaults, which Consul has: a dead peer is found after about two and a half minutes.
constexpr int keep_alive_idle_s = 15;
constexpr int keep_alive_interval_s = 15;
constexpr int keep_alive_probes = 9;

/// Closes on every path that does not hand it out.
class OwnedDescriptor {
 public:
  explicit OwnedDescriptor(int descriptor) : descriptor_(descriptor) {}
  ~OwnedDescriptor() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  OwnedDescriptor(const OwnedDescriptor&) = delete;
  OwnedDescriptor& operator=(const OwnedDescriptor&) = delete;
  int get() const { return descriptor_; }
  int release() { return std::exchange(descriptor_, -1); }

 private:
  int descriptor_;
};

void set_option(int descriptor, int level, int option, int value) {
  // An option that is refused costs latency or memory, nothing else.
  ::setsockopt(descriptor, level, option, &value, sizeof value);
}

std::string cause_of(int error) {
  switch (error) {
    case EADDRINUSE:
      return "address already in use: another process listens there; choose another port with "
             "-http-port";
    case EACCES:
      return "permission denied: ports below 1024 need CAP_NET_BIND_SERVICE; choose another port "
             "with -http-port";
    case EADDRNOTAVAIL:
      return "cannot assign requested address: no interface of this host has it; choose another "
             "with -client";
    default:
      return std::strerror(error);
  }
}

Result<int> listen_error(std::string_view where, std::string_view doing, int error) {
  return fail(ErrorCode::io, fmt::format("listen {}: {}: {}", where, doing, cause_of(error)));
}

/// True when nobody answers at a socket file: its owner died without removing it.
bool is_stale_socket(const sockaddr_un& address) {
  const OwnedDescriptor probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 &&
         errno == ECONNREFUSED;
}

}  // namespace

void prepare_listener(int descriptor) {
  ::fcntl(descriptor, F_SETFL, ::fcntl(descriptor, F_GETFL) | O_NONBLOCK);
  set_option(descriptor, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, keep_alive_idle_s);
  set_option(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, keep_alive_interval_s);
  set_option(descriptor, IPPROTO_TCP, TCP_KEEPCNT, keep_alive_probes);
}

Result<int> listen_tcp(const std::string& address, std::uint16_t port) {
  if (address.starts_with("unix://")) return listen_unix(address.substr(7));
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
  addrinfo* found = nullptr;
  const std::string host = address == "localhost" ? "127.0.0.1" : address;
  const std::string where = host.find(':') == std::string::npos
                                ? fmt::format("tcp {}:{}", host, port)
                                : fmt::format("tcp [{}]:{}", host, port);
  if (::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) {
    return fail(ErrorCode::bad_request,
                fmt::format("listen {}: \"{}\" is not an IP address", where, address));
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owned(found, ::freeaddrinfo);
  OwnedDescriptor socket(::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (socket.get() < 0) return listen_error(where, "socket", errno);
  set_option(socket.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (::bind(socket.get(), found->ai_addr, found->ai_addrlen) != 0) {
    return listen_error(where, "bind", errno);
  }
  if (::listen(socket.get(), backlog) != 0) return listen_error(where, "listen", errno);
  prepare_listener(socket.get());
  return socket.release();
}

Result<int> listen_unix(const std::string& path) {
  const std::string where = "unix " + path;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) {
    return fail(ErrorCode::bad_request, fmt::format("listen {}: the path must have 1 to {} bytes",
                                                    where, sizeof address.sun_path - 1));
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  struct stat existing{};
  if (::lstat(path.c_str(), &existing) == 0) {
    if (!S_ISSOCK(existing.st_mode)) {
      return fail(ErrorCode::exists,
                  fmt::format("listen {}: the file exists and is not a socket; remove it or choose "
                              "another path",
                              where));
    }
    if (!is_stale_socket(address)) {
      return fail(ErrorCode::exists,
                  fmt::format("listen {}: address already in use: another process listens there; "
                              "choose another path",
                              where));
    }
    ::unlink(path.c_str());
  }
  OwnedDescriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (socket.get() < 0) return listen_error(where, "socket", errno);
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return fail(ErrorCode::io, fmt::format("listen {}: bind: {}", where, std::strerror(errno)));
  }
  if (::listen(socket.get(), backlog) != 0) return listen_error(where, "listen", errno);
  prepare_listener(socket.get());
  return socket.release();
}

}  // namespace conclave::api
