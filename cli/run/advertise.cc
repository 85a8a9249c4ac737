#include "cli/run/advertise.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

namespace conclave::cli {
namespace {

/// RFC 1918 and RFC 6598.
bool is_private(std::uint32_t address) {
  return (address >> 24) == 10 || (address >> 20) == 0xAC1 || (address >> 16) == 0xC0A8 ||
         (address >> 22) == 0x191;
}

struct HostAddresses {
  std::vector<std::string> private_v4;
  std::vector<std::string> other_v4;
};

HostAddresses list_addresses() {
  HostAddresses found;
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return found;
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner(list, &::freeifaddrs);
  for (const ifaddrs* at = list; at != nullptr; at = at->ifa_next) {
    if (at->ifa_addr == nullptr || at->ifa_addr->sa_family != AF_INET) continue;
    if ((at->ifa_flags & IFF_LOOPBACK) != 0 || (at->ifa_flags & IFF_UP) == 0) continue;
    const auto* socket = reinterpret_cast<const sockaddr_in*>(at->ifa_addr);
    std::array<char, INET_ADDRSTRLEN> text{};
    ::inet_ntop(AF_INET, &socket->sin_addr, text.data(), text.size());
    auto& kind = is_private(ntohl(socket->sin_addr.s_addr)) ? found.private_v4 : found.other_v4;
    kind.emplace_back(text.data());
  }
  return found;
}

}  // namespace

Result<std::string> advertised_address(const AgentConfig& config) {
  if (!config.advertise_addr.empty()) return config.advertise_addr;
  const std::string& bind = config.bind_addr;
  const bool every_address = bind == "0.0.0.0" || bind == "::" || bind == "[::]";
  if (!every_address) return bind;
  const HostAddresses found = list_addresses();
  for (const auto& list : {found.private_v4, found.other_v4}) {
    if (list.size() == 1) return list.front();
    if (list.size() > 1) {
      return fail(ErrorCode::bad_request,
                  fmt::format("this machine has several addresses ({}): choose one with -bind or "
                              "-advertise",
                              fmt::join(list, ", ")));
    }
  }
  return "127.0.0.1";
}

}  // namespace conclave::cli
