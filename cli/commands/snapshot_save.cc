#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <ostream>

#include "api/archive/archive_reader.h"
#include "base/run/file.h"
#include "cli/commands/client_flags.h"
#include "cli/commands/progress.h"
#include "cli/commands/snapshot.h"

namespace conclave::cli {
namespace {

constexpr std::string_view usage = "Usage: conclave snapshot save [flags] FILE";

/// Writes the archive beside its final name and looks at all of it while it arrives.
Result<api::ArchiveMeta> fetch(const AgentClient& client, const std::string& path,
                               std::ostream& err) {
  CONCLAVE_TRY_ASSIGN(const Descriptor file, open_file(path, O_WRONLY | O_CREAT | O_TRUNC));
  api::ArchiveReader reader({}, [](std::string_view) { return Result<void>{}; });
  Progress progress(err, "Saving", 0);
  const auto sink = [&](std::string_view bytes) -> Result<void> {
    CONCLAVE_TRY(write_all(file.get(), bytes, path));
    progress.add(bytes.size());
    return reader.feed(bytes);
  };
  CONCLAVE_TRY_ASSIGN(const api::ClientResponse response,
                      client.transfer("GET", "/v1/snapshot", {.sink = sink}));
  if (response.status != 200) return std::unexpected(unexpected_response(response));
  CONCLAVE_TRY_ASSIGN(api::ArchiveMeta meta, reader.finish());
  if (::fsync(file.get()) != 0) return fail_errno("sync", path, errno);
  return meta;
}

}  // namespace

int run_snapshot_save(Terminal& terminal, const Arguments& arguments) {
  auto command = begin_client_command(terminal, usage, {}, arguments);
  if (command.exit_code) return *command.exit_code;
  const auto& words = command.flags->positionals();
  if (words.size() != 1) {
    terminal.err << (words.empty()
                         ? "Missing FILE argument\n"
                         : fmt::format("Too many arguments (expected 1, got {})\n", words.size()));
    return exit_failed;
  }
  const std::string& file = words.front();
  const std::string unverified = file + ".unverified";
  const auto meta = fetch(*command.client, unverified, terminal.err);
  if (!meta) {
    ::unlink(unverified.c_str());
    terminal.err << "Error saving snapshot: " << meta.error().message << "\n";
    return exit_failed;
  }
  if (std::rename(unverified.c_str(), file.c_str()) != 0) {
    terminal.err << "Error saving snapshot: "
                 << fail_errno("rename " + unverified + " to", file, errno).error().message << "\n";
    return exit_failed;
  }
  terminal.out << "Saved and verified snapshot to index " << meta->index << "\n";
  return exit_ok;
}

}  // namespace conclave::cli
