#pragma once

/// Addresses of peers as text, and the options of the sockets that lead to them.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/core/duration.h"
#include "base/core/result.h"
#include "base/net/tls_stream.h"

struct sockaddr_storage;

namespace conclave {

struct HostPort {
  std::string host;  ///< Without brackets.
  std::uint16_t port = 0;
  friend bool operator==(const HostPort&, const HostPort&) = default;
};

/// "host:port", "192.0.2.1:8300", "[2001:db8::1]:8300". ErrorCode::bad_request names the text.
Result<HostPort> parse_host_port(std::string_view text);

/// "192.0.2.1" or "2001:db8::1", also for an IPv4 address that was mapped into IPv6; "" for others.
std::string address_text(const sockaddr_storage& address);
/// The other end: "192.0.2.1:8300", "[2001:db8::1]:8300"; "" when it has gone.
std::string peer_text(StreamSocket& socket);

/// For connections between nodes: bytes leave at once, what has not left stays with us (where it
/// can still be overtaken), and a peer that acknowledges nothing for `silence_max` is given up, by
/// the kernel's timer for sent data and its probes for idle connections.
void set_link_options(StreamSocket& socket, Nanos silence_max);

}  // namespace conclave
