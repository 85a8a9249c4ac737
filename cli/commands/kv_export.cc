#include <ostream>

#include "api/codec/writer.h"
#include "api/model/kv.h"
#include "base/core/text.h"
#include "cli/commands/client_flags.h"
#include "cli/commands/kv.h"

namespace conclave::cli {
namespace {

constexpr std::string_view usage = R"(Usage: conclave kv export [flags] [PREFIX]

  Writes all pairs below PREFIX, or all there are, as a JSON array to standard output: what
  `kv import` reads. Values are in base64, so any bytes survive. Locks and indexes are not
  part of it.

      $ conclave kv export config/ > config.json)";

/// One level of tabs, as Consul's tool writes it.
void print_pair(std::ostream& out, const api::KvEntry& entry, bool last) {
  out << "\t{\n\t\t\"key\": " << api::to_json(entry.key) << ",\n\t\t\"flags\": " << entry.flags
      << ",\n\t\t\"value\": \"" << encode_base64(entry.value.data) << "\"\n\t}"
      << (last ? "\n" : ",\n");
}

}  // namespace

int run_kv_export(Terminal& terminal, const Arguments& arguments) {
  auto command = begin_client_command(terminal, usage, {}, arguments);
  if (command.exit_code) return *command.exit_code;
  const auto& words = command.flags->positionals();
  if (words.size() > 1) {
    terminal.err << "Error! Too many arguments (expected 1, got " << words.size() << ")\n";
    return exit_failed;
  }
  std::string prefix = words.empty() ? "" : words.front();
  if (prefix.starts_with('/')) prefix.erase(0, 1);
  auto response = command.client->call("GET", "/v1/kv/" + escape_path(prefix),
                                       {{.name = "recurse", .value = "", .bare = true}});
  Result<std::vector<api::KvEntry>> entries;
  if (!response) {
    entries = std::unexpected(response.error());
  } else if (response->status == 200) {
    entries = decode_answer<std::vector<api::KvEntry>>(response->body);
  } else if (response->status != 404) {
    entries = std::unexpected(unexpected_response(*response));
  }
  if (!entries) {
    terminal.err << "Error querying Consul agent: " << entries.error().message << "\n";
    return exit_failed;
  }
  if (entries->empty()) {
    terminal.out << "[]\n";
    return exit_ok;
  }
  terminal.out << "[\n";
  for (const api::KvEntry& entry : *entries) {
    print_pair(terminal.out, entry, &entry == &entries->back());
  }
  terminal.out << "]\n";
  return exit_ok;
}

}  // namespace conclave::cli
