#pragma once

/// The way from files and flags to an AgentConfig, with all that it depends on beside them.

#include <span>
#include <string>

#include "base/core/result.h"
#include "cli/config/agent_config.h"
#include "cli/config/agent_flags.h"
#include "cli/sockaddr/interfaces.h"

namespace conclave::cli {

struct HostFacts {
  std::string name;                 ///< Default of node_name.
  sockaddr::Interfaces interfaces;  ///< For address templates.
};

/// Reads files and flags in the order given, flags winning over files, puts addresses in the place
/// of templates, fills in defaults and checks. Errors are one sentence that says what is wrong
/// where.
Result<AgentConfig> load_agent_config(std::span<const GivenFlag> flags, const HostFacts& host);

/// The same for the files of `conclave validate`: a data directory need not be given. `format_name`
/// is that of -config-format, or "".
Result<void> validate_config_paths(std::span<const std::string> paths,
                                   const std::string& format_name, const HostFacts& host);

}  // namespace conclave::cli
