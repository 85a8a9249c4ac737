#pragma once

/// `operator raft ...` and `operator autopilot ...` (contract 17).

#include "cli/commands/command.h"

namespace conclave::cli {

// operator_raft.cc
int run_operator_raft_list_peers(Terminal& terminal, const Arguments& arguments);
int run_operator_raft_remove_peer(Terminal& terminal, const Arguments& arguments);
int run_operator_raft_transfer_leader(Terminal& terminal, const Arguments& arguments);
// operator_autopilot.cc
int run_operator_autopilot_get_config(Terminal& terminal, const Arguments& arguments);
int run_operator_autopilot_set_config(Terminal& terminal, const Arguments& arguments);
int run_operator_autopilot_state(Terminal& terminal, const Arguments& arguments);

}  // namespace conclave::cli
