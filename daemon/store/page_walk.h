#pragma once

/// Reads a data.mdb page by page, without LMDB, and says whether it really holds the state that a
/// checkpoint describes. LMDB trusts every page that it is led to; this trusts none. Used when the
/// newer checkpoint file is unreadable, because then pages of the older one may have been used
/// again. Blocking; reads the whole file.

#include <string>

#include "base/core/result.h"
#include "daemon/store/checkpoint_file.h"

namespace conclave::daemon {

/// Checks from the checkpoint's meta pages down: every page lies in the file and is used once (by a
/// tree or by the free list), every row and chunk has its checksum, and number, hash and position
/// are the checkpoint's. Error `corrupt` says what is not so.
Result<void> walk_pages(const std::string& path, const Checkpoint& checkpoint);

}  // namespace conclave::daemon
