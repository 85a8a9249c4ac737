#pragma once

/// What a server's state says about the subjects of DNS (agent/dns/directory.h). Over rows only.

#include <string>
#include <string_view>

#include "agent/dns/directory.h"
#include "base/core/rng.h"
#include "daemon/store/rows.h"

namespace conclave::daemon {

/// `agent_node`: what "_agent" is in prepared queries.
dns::Finding look_up(const ReadRows& rows, const dns::Subject& subject, std::string_view agent_node,
                     Rng& rng);

}  // namespace conclave::daemon
