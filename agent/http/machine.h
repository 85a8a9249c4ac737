#pragma once

/// What the kernel says about this machine, in the shapes of /v1/agent/host (contract 6.4), whose
/// names are those of Go's gopsutil. The texts of /proc are parameters, so that parsing is pure.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "api/model/catalog.h"

namespace conclave::agent {

/// /proc/meminfo, in bytes: total, available, used, usedPercent, ... as a JSON object.
std::string memory_json(std::string_view meminfo);

/// /proc/cpuinfo: a JSON array with one object for each processor.
std::string processors_json(std::string_view cpuinfo);

/// NAME=value lines of /etc/os-release, quotes removed.
api::StringMap parse_os_release(std::string_view text);

/// The name that the kernel has for this machine.
std::string host_name();

/// The whole answer. `data_dir`: whose disk is shown. What cannot be read is left out and named in
/// Errors.
std::string host_json(const std::string& data_dir);

}  // namespace conclave::agent
