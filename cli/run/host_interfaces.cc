#include "cli/run/host_interfaces.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <limits>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <utility>

#include "base/core/text.h"

namespace conclave::cli {
namespace {

using sockaddr::InterfaceAddress;
using sockaddr::IpAddress;

std::optional<IpAddress> ip_of(const ::sockaddr* address) {
  if (address == nullptr) return std::nullopt;
  IpAddress ip;
  if (address->sa_family == AF_INET) {
    std::memcpy(ip.bytes.data() + 12, &reinterpret_cast<const sockaddr_in*>(address)->sin_addr, 4);
    return ip;
  }
  if (address->sa_family != AF_INET6) return std::nullopt;
  ip.v6 = true;
  std::memcpy(ip.bytes.data(), &reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr, 16);
  return ip;
}

int prefix_of(const ::sockaddr* mask, const IpAddress& ip) {
  const auto bits = ip_of(mask);
  if (!bits) return ip.width();
  int prefix = 0;
  for (const std::uint8_t byte : bits->bytes) prefix += std::popcount(byte);
  return prefix;
}

std::string read_table(const char* path) {
  std::ifstream file(path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

}  // namespace

std::string default_interface(std::string_view route_table) {
  std::istringstream lines{std::string(route_table)};
  std::string best;
  std::uint64_t best_metric = std::numeric_limits<std::uint64_t>::max();
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::array<std::string, 8> column;
    for (std::string& word : column) words >> word;
    // Iface Destination Gateway Flags RefCnt Use Metric Mask
    if (column[1] != "00000000" || column[7] != "00000000") continue;
    const auto metric = parse_u64(column[6]);
    if (!metric || *metric >= best_metric) continue;
    best = column[0];
    best_metric = *metric;
  }
  return best;
}

sockaddr::Interfaces host_interfaces() {
  sockaddr::Interfaces found;
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return found;
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner(list, &::freeifaddrs);
  const std::string with_default = default_interface(read_table("/proc/net/route"));
  for (const ifaddrs* at = list; at != nullptr; at = at->ifa_next) {
    const auto ip = ip_of(at->ifa_addr);
    if (!ip) continue;
    const auto has = [&](unsigned flag) { return (at->ifa_flags & flag) != 0; };
    found.push_back({.name = at->ifa_name,
                     .network = {*ip, prefix_of(at->ifa_netmask, *ip)},
                     .up = has(IFF_UP),
                     .broadcast = has(IFF_BROADCAST),
                     .loopback = has(IFF_LOOPBACK),
                     .point_to_point = has(IFF_POINTOPOINT),
                     .multicast = has(IFF_MULTICAST),
                     .default_route = at->ifa_name == with_default});
  }
  // The kernel lists all IPv4 addresses before all IPv6 ones; here an interface's stand together.
  sockaddr::Interfaces grouped;
  for (InterfaceAddress& one : found) {
    const auto last = std::find_if(grouped.rbegin(), grouped.rend(),
                                   [&](const auto& other) { return other.name == one.name; });
    grouped.insert(last == grouped.rend() ? grouped.end() : last.base(), std::move(one));
  }
  return grouped;
}

}  // namespace conclave::cli
