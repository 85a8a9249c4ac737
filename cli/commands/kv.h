#pragma once

/// `kv get`, `kv put`, `kv delete`, `kv export`, `kv import`: output and exit codes of contract 17.

#include "cli/commands/command.h"

namespace conclave::cli {

int run_kv_get(Terminal& terminal, const Arguments& arguments);
int run_kv_put(Terminal& terminal, const Arguments& arguments);
int run_kv_delete(Terminal& terminal, const Arguments& arguments);
int run_kv_export(Terminal& terminal, const Arguments& arguments);
int run_kv_import(Terminal& terminal, const Arguments& arguments);

}  // namespace conclave::cli
