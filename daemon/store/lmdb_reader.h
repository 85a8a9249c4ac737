#pragma once

/// A loop's door to the state: snapshots whose LMDB transactions and cursors are reset and renewed
/// rather than made anew.

#include <memory>
#include <vector>

#include "daemon/store/environment.h"

namespace conclave::daemon {

std::unique_ptr<Reader> make_lmdb_reader(std::shared_ptr<Environment> environment);

}  // namespace conclave::daemon
