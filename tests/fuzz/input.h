#pragma once

/// What a fuzz target is: one function from bytes to nothing, which ends the process when a
/// property does not hold (CONCLAVE_ASSERT, or a sanitizer). entry.cc hands it to libFuzzer,
/// replay_main.cc runs the files of a corpus through it in every test run.

#include <algorithm>
#include <cstdint>
#include <string_view>

namespace conclave::fuzz {

/// Defined once by each target. Keeps nothing from one call to the next that could change a result.
void check(std::string_view bytes);

/// Takes decisions off the front of the bytes. Past the end every number is 0 and every text empty,
/// so that a cut input is still an input.
class Input {
 public:
  explicit Input(std::string_view bytes) : rest_(bytes) {}

  bool at_end() const { return rest_.empty(); }
  std::uint8_t byte() {
    if (rest_.empty()) return 0;
    const auto value = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return value;
  }
  /// In [0, bound), at most 65,536 values; bound > 0.
  std::uint32_t below(std::uint32_t bound) {
    const std::uint32_t value = byte() | std::uint32_t{byte()} << 8;
    return value % bound;
  }
  /// The next `size` bytes, or what is left.
  std::string_view take(std::size_t size) {
    const std::string_view taken = rest_.substr(0, std::min(size, rest_.size()));
    rest_.remove_prefix(taken.size());
    return taken;
  }
  std::string_view rest() { return take(rest_.size()); }

 private:
  std::string_view rest_;
};

}  // namespace conclave::fuzz
