#include "cli/commands/keygen.h"

#include <ostream>

#include "base/core/text.h"
#include "base/run/random.h"
#include "cli/commands/flags.h"

namespace conclave::cli {
namespace {

constexpr std::size_t key_bytes = 32;  // AES-256

constexpr std::string_view usage = R"(Usage: conclave keygen

  Prints a new random key of 32 bytes in base64, for `encrypt` in the configuration. All agents of
  a cluster need the same one.

      $ conclave keygen
)";

}  // namespace

int run_keygen(Terminal& terminal, const Arguments& arguments) {
  const auto flags = parse_flags({}, arguments);
  if (!flags) {
    terminal.err << flags.error().message << "\n" << usage;
    return exit_failed;
  }
  if (flags->help()) {
    terminal.out << usage;
    return exit_ok;
  }
  terminal.out << encode_base64(random_bytes(key_bytes)) << "\n";
  return exit_ok;
}

}  // namespace conclave::cli
