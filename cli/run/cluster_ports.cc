#include "cli/run/cluster_ports.h"

#include "base/net/listener.h"

namespace conclave::cli {

Result<ClusterPorts> ClusterPorts::open(const AgentConfig& config) {
  struct Wanted {
    const char* setting;
    std::int64_t port;
    const std::string& ip;
  };
  const std::string& lan = config.serf_lan_addr.empty() ? config.bind_addr : config.serf_lan_addr;
  const std::int64_t server = config.server ? config.ports.server : 0;
  const Wanted wanted[] = {{"ports.server", server, config.bind_addr},
                           {"ports.serf_lan", config.ports.serf_lan, lan}};
  ClusterPorts ports;
  for (const auto& [setting, port, ip] : wanted) {
    if (port <= 0) continue;
    CONCLAVE_TRY_ASSIGN(const int socket, listen_on(ip, static_cast<std::uint16_t>(port), setting));
    ports.sockets.emplace_back(socket);
  }
  return ports;
}

}  // namespace conclave::cli
