#pragma once

/// One OSService check run: a unit of systemd that runs is passing, one that is starting warning,
/// anything else critical (contract 7.3).

#include <string>
#include <string_view>

#include "agent/rules/alias.h"
#include "api/model/agent_check.h"
#include "base/run/loop.h"

namespace conclave::agent {

/// `systemctl`: the program that is asked, which needs no privileges for it. It is killed after the
/// timeout (30 s by default). Runs on `loop`, resumes there.
Task<CheckResult> probe_os_service(Loop& loop, api::CheckDefinition check,
                                   std::string systemctl = "systemctl");

/// What `systemctl show` says of LoadState, ActiveState and SubState, as a result for the service.
CheckResult judge_unit(std::string_view service, std::string_view properties);

}  // namespace conclave::agent
