#pragma once

/// The row of the root certificate; not there until somebody asked for it (contract 1.1).

#include <optional>
#include <string>

#include "api/model/ca_root.h"
#include "daemon/store/rows.h"

namespace conclave::daemon {

std::string ca_root_key();
std::optional<api::CaRoot> read_ca_root(const ReadRows& rows);

}  // namespace conclave::daemon
