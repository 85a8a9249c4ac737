// libFuzzer's way into a target.

#include <cstddef>
#include <cstdint>

#include "tests/fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  conclave::fuzz::check({reinterpret_cast<const char*>(data), size});
  return 0;
}
