// Address templates: refused with a place, or a text, with and without networks; a text without
// braces stands for itself.

#include <string>

#include "base/core/assert.h"
#include "cli/sockaddr/template.h"
#include "tests/fuzz/input.h"

namespace conclave::fuzz {
namespace {

cli::sockaddr::Interfaces machine() {
  using cli::sockaddr::Network;
  return {{.name = "lo", .network = *Network::parse("127.0.0.1/8"), .up = true, .loopback = true},
          {.name = "lo", .network = *Network::parse("::1/128"), .up = true, .loopback = true},
          {.name = "eth0",
           .network = *Network::parse("10.0.0.5/24"),
           .up = true,
           .broadcast = true,
           .default_route = true},
          {.name = "eth0", .network = *Network::parse("fd00::5/64"), .up = true},
          {.name = "eth1", .network = *Network::parse("93.184.216.34/29"), .up = true},
          {.name = "tun0", .network = *Network::parse("10.9.0.1/32"), .point_to_point = true}};
}

}  // namespace

void check(std::string_view bytes) {
  for (const bool networks : {true, false}) {
    const auto found =
        cli::sockaddr::evaluate_template(bytes, networks ? machine() : cli::sockaddr::Interfaces());
    if (!found) {
      CONCLAVE_ASSERT(found.error().message.starts_with("character "));
      continue;
    }
    CONCLAVE_ASSERT(found->size() <= 64 * 1024);
    if (!cli::sockaddr::is_template(bytes)) CONCLAVE_ASSERT(*found == bytes);
  }
}

}  // namespace conclave::fuzz
