#pragma once

/// Randomness from the kernel, good enough for secrets. Never in pure folders: whoever proposes a
/// command draws what it needs before the log (design section 6).

#include <cstddef>
#include <cstdint>
#include <string>

namespace conclave {

/// `size` bytes from getrandom(2). Cannot fail on a running system; an error ends the process.
std::string random_bytes(std::size_t size);
std::uint64_t random_u64();
/// A version 4 UUID in text form.
std::string random_uuid();

}  // namespace conclave
