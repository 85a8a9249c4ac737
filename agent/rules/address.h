#pragma once

/// Reading IP addresses as text, without a resolver: is it one, which family, is it the unspecified
/// one.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace conclave::agent {

enum class IpFamily { none, v4, v6 };

/// `none` for host names, empty texts and anything else that is not an address.
IpFamily ip_family(std::string_view text);

/// 0.0.0.0, :: and [::] in any spelling: nobody can connect to them (contract 6.1).
bool is_unspecified_address(std::string_view text);

struct HostPort {
  std::string host;  ///< Without brackets.
  std::uint16_t port = 0;
};

/// "host:port" or "[v6]:port"; nullopt when there is no port, or not a port.
std::optional<HostPort> split_host_port(std::string_view text);

}  // namespace conclave::agent
