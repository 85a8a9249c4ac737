#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <ostream>

#include "base/run/file.h"
#include "cli/commands/client_flags.h"
#include "cli/commands/progress.h"
#include "cli/commands/snapshot.h"

namespace conclave::cli {
namespace {

constexpr std::string_view usage = "Usage: conclave snapshot restore [flags] FILE";
constexpr std::size_t piece_bytes = 256 << 10;

Result<void> send(const AgentClient& client, const std::string& path, std::ostream& err) {
  CONCLAVE_TRY_ASSIGN(const Descriptor file, open_file(path, O_RDONLY));
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) return fail_errno("find the size of", path, errno);
  const auto size = static_cast<std::uint64_t>(status.st_size);
  Progress progress(err, "Restoring", size);
  const auto source = [&]() -> Result<std::string> {
    std::string piece(piece_bytes, '\0');
    const ssize_t got = ::read(file.get(), piece.data(), piece.size());
    if (got < 0) return fail_errno("read", path, errno);
    piece.resize(static_cast<std::size_t>(got));
    progress.add(piece.size());
    return piece;
  };
  CONCLAVE_TRY_ASSIGN(
      const api::ClientResponse response,
      client.transfer("PUT", "/v1/snapshot", {.source = source, .source_bytes = size}));
  if (response.status != 200) return std::unexpected(unexpected_response(response));
  return {};
}

}  // namespace

int run_snapshot_restore(Terminal& terminal, const Arguments& arguments) {
  auto command = begin_client_command(terminal, usage, {}, arguments);
  if (command.exit_code) return *command.exit_code;
  const auto& words = command.flags->positionals();
  if (words.size() != 1) {
    terminal.err << (words.empty()
                         ? "Missing FILE argument\n"
                         : fmt::format("Too many arguments (expected 1, got {})\n", words.size()));
    return exit_failed;
  }
  if (const Result<void> sent = send(*command.client, words.front(), terminal.err); !sent) {
    terminal.err << "Error restoring snapshot: " << sent.error().message << "\n";
    return exit_failed;
  }
  terminal.out << "Restored snapshot\n";
  return exit_ok;
}

}  // namespace conclave::cli
