#include "base/run/random.h"

#include <sys/random.h>

#include <cerrno>
#include <cstring>

#include "base/core/assert.h"
#include "base/core/uuid.h"

namespace conclave {
namespace {

void fill(void* to, std::size_t size) {
  auto* at = static_cast<char*>(to);
  while (size > 0) {
    const ssize_t got = getrandom(at, size, 0);
    if (got < 0 && errno == EINTR) continue;
    CONCLAVE_ASSERT_WHY(got > 0, "getrandom(2) without flags fails only on wrong arguments");
    at += got;
    size -= static_cast<std::size_t>(got);
  }
}

}  // namespace

std::string random_bytes(std::size_t size) {
  std::string bytes(size, '\0');
  fill(bytes.data(), bytes.size());
  return bytes;
}

std::uint64_t random_u64() {
  std::uint64_t value = 0;
  fill(&value, sizeof value);
  return value;
}

std::string random_uuid() {
  UuidBytes bytes{};
  fill(bytes.data(), bytes.size());
  return uuid_from_random(bytes);
}

}  // namespace conclave
