#pragma once

/// One Docker check run: a command inside a container, judged like a script (contract 7.3). What
/// the engine refuses is critical, with its words.

#include <cstdint>
#include <string>
#include <string_view>

#include "agent/rules/alias.h"
#include "api/model/agent_check.h"
#include "base/run/loop.h"

namespace conclave::agent {

/// Where the engine listens: DOCKER_HOST (unix:// or tcp://), else its usual socket. "unix:///path"
/// or "http://host:port".
std::string docker_engine();

/// `output_max`: bytes of the end of the output that are kept. Runs on `loop`, resumes there.
Task<CheckResult> probe_docker(Loop& loop, api::CheckDefinition check, std::uint64_t output_max,
                               std::string engine);

/// The output in the engine's frames: 1 byte stream, 3 of zero, 4 of length, big-endian. A stream
/// that is not framed is the output itself, and so is what a torn frame holds.
std::string docker_output(std::string_view stream);

}  // namespace conclave::agent
