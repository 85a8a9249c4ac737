#pragma once

/// What a machine's network interfaces are, as the list that templates work on.

#include <string>
#include <vector>

#include "cli/sockaddr/ip_address.h"

namespace conclave::cli::sockaddr {

/// One address of an interface; an interface with several has one entry for each.
struct InterfaceAddress {
  std::string name;
  Network network;
  bool up = false;
  bool broadcast = false;
  bool loopback = false;
  bool point_to_point = false;
  bool multicast = false;
  bool default_route = false;  ///< The default route leaves through this interface.
};

using Interfaces = std::vector<InterfaceAddress>;

/// "lo 127.0.0.1/8 ::1, eth0 10.0.0.5/24", or "none": for errors.
std::string describe(const Interfaces& interfaces);

}  // namespace conclave::cli::sockaddr
