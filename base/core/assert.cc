#include "base/core/assert.h"

#include <cstdio>
#include <cstdlib>

namespace conclave {

void assertion_failed(const char* expression, const char* file, int line, const char* why) {
  std::fprintf(stderr, "conclave: assertion failed: %s (%s:%d)%s%s\n", expression, file, line,
               *why != '\0' ? ": " : "", why);
  std::fflush(stderr);
  std::abort();
}

}  // namespace conclave
