#pragma once

/// The snapshot that a generation was built of: `<generation>/origin` (docs/formats.md 3.3). A log
/// that a crash left behind such a state begins again after it; what the snapshot says of the
/// cluster's members is nowhere else until then. Blocking.

#include <optional>
#include <string>

#include "base/core/result.h"
#include "daemon/store/store.h"

namespace conclave::daemon {

Result<void> write_origin(const std::string& directory, const Origin& origin);
/// nullopt: none is there. Error `corrupt`: one that is damaged.
Result<std::optional<Origin>> read_origin(const std::string& directory);

}  // namespace conclave::daemon
