#include "base/net/address.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>

#include "base/core/text.h"

namespace conclave {
namespace {

/// What the kernel takes ahead of the network. A heartbeat waits for no more than this.
constexpr int unsent_bytes_max = 128 * 1024;

void set_option(int descriptor, int level, int option, int value) {
  // An option that is refused costs latency, nothing else.
  ::setsockopt(descriptor, level, option, &value, sizeof value);
}

std::uint16_t port_of(const sockaddr_storage& address) {
  return address.ss_family == AF_INET6
             ? ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port)
             : ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

}  // namespace

Result<HostPort> parse_host_port(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  const auto port = colon == text.npos ? std::nullopt : parse_u64(text.substr(colon + 1));
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (!port || *port == 0 || *port > UINT16_MAX || host.empty() ||
      bracketed != host.contains(':')) {
    return fail(ErrorCode::bad_request,
                fmt::format("'{}' is not an address of the form host:port", text));
  }
  return HostPort{std::string(host), static_cast<std::uint16_t>(*port)};
}

std::string address_text(const sockaddr_storage& address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address.ss_family == AF_INET) {
    const auto& in = reinterpret_cast<const sockaddr_in&>(address);
    inet_ntop(AF_INET, &in.sin_addr, text, sizeof text);
  } else if (address.ss_family == AF_INET6) {
    const auto& in = reinterpret_cast<const sockaddr_in6&>(address);
    if (IN6_IS_ADDR_V4MAPPED(&in.sin6_addr)) {
      inet_ntop(AF_INET, &in.sin6_addr.s6_addr[12], text, sizeof text);
    } else {
      inet_ntop(AF_INET6, &in.sin6_addr, text, sizeof text);
    }
  }
  return text;
}

std::string peer_text(StreamSocket& socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getpeername(socket.native_handle(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return "";
  }
  const std::string host = address_text(address);
  if (host.empty()) return "";
  return host.contains(':') ? fmt::format("[{}]:{}", host, port_of(address))
                            : fmt::format("{}:{}", host, port_of(address));
}

void set_link_options(StreamSocket& socket, Nanos silence_max) {
  const int descriptor = socket.native_handle();
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(silence_max).count();
  const int seconds = static_cast<int>(std::max<std::int64_t>(1, ms / 3'000));
  set_option(descriptor, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(descriptor, IPPROTO_TCP, TCP_NOTSENT_LOWAT, unsent_bytes_max);
  set_option(descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(ms));
  set_option(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, seconds);
  set_option(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, seconds);
  set_option(descriptor, IPPROTO_TCP, TCP_KEEPCNT, 3);
}

}  // namespace conclave
