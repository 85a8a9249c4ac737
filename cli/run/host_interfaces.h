#pragma once

#include <string_view>

#include "cli/sockaddr/interfaces.h"

namespace conclave::cli {

/// The IP addresses of this machine's interfaces, as they are now, in the kernel's order.
sockaddr::Interfaces host_interfaces();

/// The interface of the default route in a text of the form of /proc/net/route; "" = none. Of
/// several the one with the smallest metric.
std::string default_interface(std::string_view route_table);

}  // namespace conclave::cli
