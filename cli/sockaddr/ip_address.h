#pragma once

/// IP addresses and networks as numbers. Pure.

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace conclave::cli::sockaddr {

/// Big-endian; an IPv4 address takes the last four bytes, the others are 0.
struct IpAddress {
  std::array<std::uint8_t, 16> bytes{};
  bool v6 = false;

  static std::optional<IpAddress> parse(std::string_view text);
  std::string text() const;
  int width() const { return v6 ? 128 : 32; }  ///< In bits.

  friend auto operator<=>(const IpAddress&, const IpAddress&) = default;
};

/// An address and how many of its leading bits name its network.
struct Network {
  IpAddress address;
  int prefix = 0;

  /// "10.0.0.0/8", or an address alone, which is a network of its own.
  static std::optional<Network> parse(std::string_view text);
  /// "10.1.2.3/24"; without the prefix where it is the whole address.
  std::string text() const;

  IpAddress mask() const;   ///< 255.255.255.0
  IpAddress first() const;  ///< The network's own address.
  IpAddress last() const;   ///< In IPv4 the broadcast address.
  bool contains(const IpAddress& other) const;
};

/// Sum and difference wrap at the width of the address.
IpAddress add(IpAddress address, std::uint64_t amount);
IpAddress subtract(IpAddress address, std::uint64_t amount);

}  // namespace conclave::cli::sockaddr
