#include "cli/run/advertise.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

#include "cli/run/host_interfaces.h"
#include "cli/sockaddr/rfc_networks.h"

namespace conclave::cli {
namespace {

struct HostAddresses {
  std::vector<std::string> private_v4;
  std::vector<std::string> other_v4;
};

HostAddresses list_addresses() {
  HostAddresses found;
  for (const sockaddr::InterfaceAddress& one : host_interfaces()) {
    const sockaddr::IpAddress& ip = one.network.address;
    if (ip.v6 || one.loopback || !one.up) continue;
    const bool is_private = sockaddr::is_of_rfc(1918, ip) || sockaddr::is_of_rfc(6598, ip);
    (is_private ? found.private_v4 : found.other_v4).push_back(ip.text());
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
