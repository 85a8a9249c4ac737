#include "cli/sockaddr/ip_address.h"

#include <arpa/inet.h>

#include <algorithm>

#include "base/core/text.h"

namespace conclave::cli::sockaddr {
namespace {

constexpr std::size_t v4_begin = 12;

std::size_t begin_of(const IpAddress& address) { return address.v6 ? 0 : v4_begin; }

/// A mask's byte at this place of the address.
std::uint8_t mask_byte(std::size_t place, int prefix) {
  const int bits = std::clamp(prefix - static_cast<int>(place) * 8, 0, 8);
  return static_cast<std::uint8_t>(0xFF00u >> bits);
}

template <class Change>
IpAddress with_mask(IpAddress address, int prefix, Change change) {
  const std::size_t begin = begin_of(address);
  for (std::size_t i = begin; i < address.bytes.size(); ++i) {
    address.bytes[i] = change(address.bytes[i], mask_byte(i - begin, prefix));
  }
  return address;
}

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  const std::string terminated(text);
  IpAddress address;
  if (::inet_pton(AF_INET, terminated.c_str(), address.bytes.data() + v4_begin) == 1) {
    return address;
  }
  address.v6 = true;
  if (::inet_pton(AF_INET6, terminated.c_str(), address.bytes.data()) == 1) return address;
  return std::nullopt;
}

std::string IpAddress::text() const {
  std::array<char, INET6_ADDRSTRLEN> out{};
  ::inet_ntop(v6 ? AF_INET6 : AF_INET, bytes.data() + begin_of(*this), out.data(), out.size());
  return out.data();
}

std::optional<Network> Network::parse(std::string_view text) {
  const auto slash = text.find('/');
  const auto address = IpAddress::parse(text.substr(0, slash));
  if (!address) return std::nullopt;
  if (slash == std::string_view::npos) return Network{*address, address->width()};
  const auto prefix = parse_u64(text.substr(slash + 1));
  if (!prefix || *prefix > static_cast<std::uint64_t>(address->width())) return std::nullopt;
  return Network{*address, static_cast<int>(*prefix)};
}

std::string Network::text() const {
  if (prefix == address.width()) return address.text();
  return address.text() + "/" + std::to_string(prefix);
}

IpAddress Network::mask() const {
  return with_mask(address, prefix, [](std::uint8_t, std::uint8_t mask) { return mask; });
}

IpAddress Network::first() const {
  return with_mask(address, prefix, [](std::uint8_t byte, std::uint8_t mask) {
    return static_cast<std::uint8_t>(byte & mask);
  });
}

IpAddress Network::last() const {
  return with_mask(address, prefix, [](std::uint8_t byte, std::uint8_t mask) {
    return static_cast<std::uint8_t>(byte | ~mask);
  });
}

bool Network::contains(const IpAddress& other) const {
  return other.v6 == address.v6 && Network{other, prefix}.first() == first();
}

IpAddress add(IpAddress address, std::uint64_t amount) {
  std::uint64_t carry = amount;
  for (std::size_t i = address.bytes.size(); i-- > begin_of(address) && carry > 0;) {
    // The amount's upper part never comes near the top, so the sum does not overflow.
    const std::uint64_t low = (carry & 0xFF) + address.bytes[i];
    address.bytes[i] = static_cast<std::uint8_t>(low);
    carry = (carry >> 8) + (low >> 8);
  }
  return address;
}

IpAddress subtract(IpAddress address, std::uint64_t amount) {
  // a - b is not(not a + b).
  auto invert = [](std::uint8_t byte, std::uint8_t) { return static_cast<std::uint8_t>(~byte); };
  address = add(with_mask(address, 0, invert), amount);
  return with_mask(address, 0, invert);
}

}  // namespace conclave::cli::sockaddr
