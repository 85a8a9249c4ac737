#include "cli/sockaddr/attributes.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <vector>

#include "base/core/text.h"

namespace conclave::cli::sockaddr {
namespace {

std::span<const std::uint8_t> bytes_of(const IpAddress& ip) {
  return std::span(ip.bytes).subspan(ip.v6 ? 0 : 12);
}

std::string octets(const IpAddress& ip, std::string_view format_of_each,
                   std::string_view separator) {
  std::string text;
  for (const unsigned byte : bytes_of(ip)) {
    if (!text.empty()) text += separator;
    text += fmt::format(fmt::runtime(format_of_each), byte);
  }
  return text;
}

/// Decimal digits of a number of up to 129 bits: long division by ten.
std::string decimal(std::vector<std::uint8_t> number) {
  std::string digits;
  while (std::ranges::any_of(number, [](std::uint8_t byte) { return byte != 0; })) {
    unsigned rest = 0;
    for (std::uint8_t& byte : number) {
      const unsigned value = rest * 256 + byte;
      byte = static_cast<std::uint8_t>(value / 10);
      rest = value % 10;
    }
    digits.push_back(static_cast<char>('0' + rest));
  }
  std::ranges::reverse(digits);
  return digits.empty() ? "0" : digits;
}

std::string decimal(const IpAddress& ip) {
  const auto bytes = bytes_of(ip);
  return decimal(std::vector(bytes.begin(), bytes.end()));
}

/// Two to the power of the bits that the prefix leaves.
std::string size_of(const Network& network) {
  const int bits = network.address.width() - network.prefix;
  std::vector<std::uint8_t> number(17);
  number[static_cast<std::size_t>(16 - bits / 8)] = static_cast<std::uint8_t>(1 << bits % 8);
  return decimal(std::move(number));
}

/// IPv4 keeps the first and the last address of a network for itself, if it has more than two.
IpAddress usable(const Network& network, bool last) {
  const IpAddress edge = last ? network.last() : network.first();
  if (network.address.v6 || network.prefix >= 31) return edge;
  return last ? subtract(edge, 1) : add(edge, 1);
}

std::string flags_of(const InterfaceAddress& one) {
  std::string text;
  const std::array<std::pair<bool, std::string_view>, 5> flags = {
      {{one.up, "up"},
       {one.broadcast, "broadcast"},
       {one.loopback, "loopback"},
       {one.point_to_point, "pointtopoint"},
       {one.multicast, "multicast"}}};
  for (const auto& [set, name] : flags) {
    if (set) text += (text.empty() ? "" : "|") + std::string(name);
  }
  return text.empty() ? "0" : text;
}

struct Attribute {
  std::string_view name;
  std::string (*read)(const InterfaceAddress& one);
};

using One = InterfaceAddress;
constexpr std::array<Attribute, 19> attributes = {{
    {"address", [](const One& one) { return one.network.address.text(); }},
    {"binary", [](const One& one) { return octets(one.network.address, "{:08b}", ""); }},
    {"broadcast",
     [](const One& one) {
       return one.network.address.v6 ? std::string() : one.network.last().text();
     }},
    {"first_usable", [](const One& one) { return usable(one.network, false).text(); }},
    {"flags", flags_of},
    {"hex", [](const One& one) { return octets(one.network.address, "{:02x}", ""); }},
    {"host", [](const One& one) { return one.network.address.text(); }},
    {"last_usable", [](const One& one) { return usable(one.network, true).text(); }},
    {"mask_bits", [](const One& one) { return std::to_string(one.network.prefix); }},
    {"name", [](const One& one) { return one.name; }},
    {"netmask", [](const One& one) { return one.network.mask().text(); }},
    {"network", [](const One& one) { return one.network.first().text(); }},
    {"octets", [](const One& one) { return octets(one.network.address, "{}", " "); }},
    {"port", [](const One&) { return std::string("0"); }},
    {"size", [](const One& one) { return size_of(one.network); }},
    {"string", [](const One& one) { return one.network.text(); }},
    {"type", [](const One& one) { return std::string(one.network.address.v6 ? "IPv6" : "IPv4"); }},
    {"uint128",
     [](const One& one) {
       return one.network.address.v6 ? decimal(one.network.address) : std::string();
     }},
    {"uint32",
     [](const One& one) {
       return one.network.address.v6 ? std::string() : decimal(one.network.address);
     }},
}};

}  // namespace

Result<std::string> attribute(std::string_view name, const InterfaceAddress& one) {
  const auto* at = std::ranges::find(attributes, to_lower_ascii(name), &Attribute::name);
  if (at != attributes.end()) return at->read(one);
  std::string names;
  for (const Attribute& known : attributes) {
    names += (names.empty() ? "" : ", ") + std::string(known.name);
  }
  return fail(ErrorCode::bad_request,
              fmt::format("unknown attribute \"{}\": {} are known", name, names));
}

}  // namespace conclave::cli::sockaddr
