#pragma once

/// A loop's door to the state: snapshots whose LMDB transactions and cursors are reset and renewed
/// rather than made anew.

#include <functional>
#include <memory>

#include "daemon/store/current_environment.h"

namespace conclave::daemon {

/// `before_open` is called before each snapshot: the store's chance to commit what it holds back.
std::unique_ptr<Reader> make_lmdb_reader(std::shared_ptr<CurrentEnvironment> current,
                                         std::function<void()> before_open);

/// A snapshot that belongs to no reader: any thread may use it and let go of it.
ReadSnapshot open_detached(const std::shared_ptr<Environment>& environment);

}  // namespace conclave::daemon
