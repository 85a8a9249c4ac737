// Configuration files: each is accepted or refused with a reason, also after the flags of a
// development agent.

#include <array>
#include <string>

#include "base/core/assert.h"
#include "cli/config/load_config.h"
#include "tests/fuzz/input.h"

namespace conclave::fuzz {

void check(std::string_view bytes) {
  const std::array<cli::GivenFlag, 2> flags = {
      {{.name = "dev", .value = ""}, {.name = "hcl", .value = std::string(bytes)}}};
  const auto config = cli::load_agent_config(flags, {.name = "host", .interfaces = {}});
  if (!config) {
    CONCLAVE_ASSERT(!config.error().message.empty());
    return;
  }
  CONCLAVE_ASSERT(!config->node_name.empty());
  CONCLAVE_ASSERT(!config->datacenter.empty());
  CONCLAVE_ASSERT(config->ports.http <= 65535);
  CONCLAVE_ASSERT(config->session_ttl_min >= Nanos(0));
  for (const std::string& warning : config->warnings) CONCLAVE_ASSERT(!warning.empty());
}

}  // namespace conclave::fuzz
