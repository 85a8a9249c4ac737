#include "cli/run/surroundings.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/resource.h>
#if defined(CONCLAVE_HAS_SYSTEMD)
#include <systemd/sd-daemon.h>
#endif

#include "base/core/version.h"

namespace conclave::cli {

void raise_open_file_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

void notify_systemd([[maybe_unused]] const char* state) {
#if defined(CONCLAVE_HAS_SYSTEMD)
  ::sd_notify(0, state);
#endif
}

std::string banner(const AgentConfig& config, const Identity& identity,
                   const std::vector<std::string>& http_addresses) {
  std::string text;
  auto line = [&](std::string_view name, const std::string& value) {
    text += fmt::format("{:>20}: {}\n", name, value);
  };
  line("Version", fmt::format("'{}'", compatible_version));
  line("Conclave", fmt::format("'{}'", conclave_version));
  line("Node ID", fmt::format("'{}'", identity.node_id));
  line("Node name", fmt::format("'{}'", config.node_name));
  line("Datacenter", fmt::format("'{}' (Segment: '<all>')", config.datacenter));
  line("Server", fmt::format("{} (Bootstrap: {})", config.server, config.bootstrap));
  line("Client Addr", fmt::format("{} (HTTP: {}, HTTPS: -1, gRPC: -1, DNS: {})",
                                  config.http_addresses, config.ports.http, config.ports.dns));
  line("Cluster Addr", fmt::format("{} (LAN: {}, WAN: {})", identity.address, config.ports.serf_lan,
                                   config.ports.serf_wan));
  line("Data", identity.data_dir + (config.dev ? " (removed at the end)" : ""));
  for (const std::string& address : http_addresses) line("Listening", "HTTP on " + address);
  return text;
}

}  // namespace conclave::cli
