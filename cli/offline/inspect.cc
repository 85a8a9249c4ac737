#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <map>
#include <ostream>
#include <string>
#include <tuple>
#include <vector>

#include "api/archive/archive_reader.h"
#include "api/codec/indent.h"
#include "api/codec/writer.h"
#include "base/run/file.h"
#include "cli/commands/flags.h"
#include "cli/offline/commands.h"
#include "daemon/snapshot/snapshot_reader.h"
#include "daemon/tables/key.h"

namespace conclave::cli {
namespace {

constexpr std::string_view usage = "Usage: conclave snapshot inspect [-format=pretty|json] FILE";
constexpr std::size_t piece_bytes = 256 << 10;

struct TypeSize {
  std::string name;
  std::uint64_t sum = 0;
  std::uint64_t count = 0;

  static constexpr auto fields() {
    using api::field;
    return std::tuple{field(0, "Name", &TypeSize::name), field(0, "Sum", &TypeSize::sum),
                      field(0, "Count", &TypeSize::count)};
  }
};

struct Inspection {
  api::ArchiveMeta meta;
  std::vector<TypeSize> stats;
  std::uint64_t total_size = 0;

  static constexpr auto fields() {
    using api::field;
    return std::tuple{field(0, "Meta", &Inspection::meta), field(0, "Stats", &Inspection::stats),
                      field(0, "TotalSize", &Inspection::total_size)};
  }
};

/// What a row's table is called here, under Consul's names where it has one.
std::string_view type_of(std::string_view key) {
  using daemon::Table;
  switch (static_cast<Table>(key.front())) {
    case Table::meta:
    case Table::time:
      return "Meta";
    case Table::kv:
      return "KVS";
    case Table::tombstones:
      return "Tombstone";
    case Table::lock_delays:
      return "LockDelay";
    case Table::sessions:
      return "Session";
    case Table::nodes:
      return "Node";
    case Table::services:
      return "Service";
    case Table::checks:
      return "Check";
    case Table::ca_root:
      return "ConnectCA";
    case Table::coordinates:
      return "CoordinateBatchUpdate";
    case Table::queries:
      return "PreparedQuery";
    case Table::members:
      return "Member";
    case Table::events:
      return "UserEvent";
    case Table::changes:
      return "Change";
    case Table::jobs:
      return "Job";
    case Table::requests:
      return "Request";
    default:
      return "Index";
  }
}

/// A file that is gone when it is closed.
Result<Descriptor> temporary_file() {
  std::string path = "/tmp/conclave-inspect-XXXXXX";
  Descriptor file(::mkstemp(path.data()));
  if (!file) return fail_errno("create", path, errno);
  ::unlink(path.c_str());
  return file;
}

Result<api::ArchiveMeta> unpack(const std::string& path, int state) {
  CONCLAVE_TRY_ASSIGN(const Descriptor file, open_file(path, O_RDONLY));
  api::ArchiveReader reader({}, [state](std::string_view bytes) {
    return write_all(state, bytes, "the unpacked state");
  });
  std::string piece(piece_bytes, '\0');
  for (;;) {
    const ssize_t got = ::read(file.get(), piece.data(), piece.size());
    if (got < 0) return fail_errno("read", path, errno);
    if (got == 0) return reader.finish();
    CONCLAVE_TRY(reader.feed(std::string_view(piece).substr(0, static_cast<std::size_t>(got))));
  }
}

Result<void> count_rows(Descriptor state, Inspection& inspection) {
  CONCLAVE_TRY_ASSIGN(daemon::SnapshotReader reader,
                      daemon::SnapshotReader::read(std::move(state), "state.bin"));
  std::map<std::string, TypeSize, std::less<>> types;
  for (;;) {
    CONCLAVE_TRY_ASSIGN(const bool more, reader.next());
    if (!more) break;
    const std::string_view name = type_of(reader.key());
    TypeSize& type = types[std::string(name)];
    type.count += 1;
    type.sum += reader.key().size() + reader.row().size();
  }
  for (auto& [name, type] : types) {
    type.name = name;
    inspection.total_size += type.sum;
    inspection.stats.push_back(std::move(type));
  }
  std::ranges::sort(inspection.stats, std::ranges::greater{}, &TypeSize::sum);
  return {};
}

std::string shown_size(std::uint64_t bytes) {
  constexpr std::array<const char*, 5> units{"B", "KB", "MB", "GB", "TB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; value >= 1024 && unit + 1 < units.size(); ++unit) value /= 1024;
  return unit == 0 ? fmt::format("{}B", bytes) : fmt::format("{:.1f}{}", value, units[unit]);
}

void print_pretty(std::ostream& out, const Inspection& inspection) {
  const api::ArchiveMeta& meta = inspection.meta;
  const auto row = [&out](std::string_view a, std::string_view b, std::string_view c) {
    out << fmt::format(" {:<24} {:<10} {}\n", a, b, c);
  };
  out << fmt::format(" {:<12} {}\n", "ID", meta.id)
      << fmt::format(" {:<12} {}\n", "Size", meta.size)
      << fmt::format(" {:<12} {}\n", "Index", meta.index)
      << fmt::format(" {:<12} {}\n", "Term", meta.term)
      << fmt::format(" {:<12} {}\n\n", "Version", meta.version);
  row("Type", "Count", "Size");
  row("----", "----", "----");
  for (const TypeSize& type : inspection.stats) {
    row(type.name, std::to_string(type.count), shown_size(type.sum));
  }
  row("----", "----", "----");
  row("Total", "", shown_size(inspection.total_size));
}

}  // namespace

int run_snapshot_inspect(Terminal& terminal, const Arguments& arguments) {
  const std::vector<FlagSpec> specs = {{"format", false, "pretty or json [pretty]"}};
  auto flags = parse_flags(specs, arguments);
  if (!flags) {
    terminal.err << flags.error().message << "\n" << usage << "\n";
    return exit_failed;
  }
  if (flags->help()) {
    terminal.out << usage << "\n\n" << describe_flags(specs);
    return exit_ok;
  }
  const std::string format = flags->value("format").value_or("pretty");
  if (flags->positionals().size() != 1 || (format != "pretty" && format != "json")) {
    terminal.err << usage << "\n";
    return exit_failed;
  }
  const std::string& path = flags->positionals().front();
  Inspection inspection;
  Result<void> done = [&]() -> Result<void> {
    CONCLAVE_TRY_ASSIGN(Descriptor state, temporary_file());
    CONCLAVE_TRY_ASSIGN(inspection.meta, unpack(path, state.get()));
    return count_rows(std::move(state), inspection);
  }();
  if (!done) {
    terminal.err << "Error reading snapshot: " << done.error().message << "\n";
    return exit_failed;
  }
  if (format == "json") {
    terminal.out << api::indent_json(api::to_json(inspection)) << "\n";
  } else {
    print_pretty(terminal.out, inspection);
  }
  return exit_ok;
}

}  // namespace conclave::cli
