#pragma once

/// `catalog nodes`, `catalog services`, `catalog datacenters` (contract 17).

#include "cli/commands/command.h"

namespace conclave::cli {

int run_catalog_nodes(Terminal& terminal, const Arguments& arguments);
int run_catalog_services(Terminal& terminal, const Arguments& arguments);
int run_catalog_datacenters(Terminal& terminal, const Arguments& arguments);

}  // namespace conclave::cli
