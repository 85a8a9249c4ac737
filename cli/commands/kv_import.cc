#include <fmt/format.h>

#include <ostream>
#include <tuple>

#include "base/core/text.h"
#include "cli/commands/client_flags.h"
#include "cli/commands/data_argument.h"
#include "cli/commands/kv.h"

namespace conclave::cli {
namespace {

constexpr std::string_view usage = R"(Usage: conclave kv import [flags] [@file | - | JSON]

  Writes all pairs of a JSON array such as `kv export` makes. Pairs that exist are overwritten,
  others are left alone. It stops at the first pair that cannot be written; those before it
  have been.

      $ conclave kv import @config.json
      $ conclave kv export config/ | conclave kv import -prefix copy -)";

struct Pair {
  std::string key;
  std::uint64_t flags = 0;
  std::string value;

  static constexpr auto fields() {
    return std::tuple{api::field(0, "key", &Pair::key), api::field(0, "flags", &Pair::flags),
                      api::field(0, "value", &Pair::value)};
  }
};

int complain(Terminal& terminal, std::string_view sentence) {
  terminal.err << sentence << "\n";
  return exit_failed;
}

Result<std::string> read_pairs(const std::vector<std::string>& words, Terminal& terminal) {
  if (words.empty()) return fail(ErrorCode::bad_request, "Missing DATA argument");
  if (words.size() > 1) {
    return fail(ErrorCode::bad_request,
                fmt::format("Too many arguments (expected 1, got {})", words.size()));
  }
  if (words.front().empty()) return fail(ErrorCode::bad_request, "Empty DATA argument");
  return read_data_argument(words.front(), terminal);
}

/// The key below the prefix, with one slash between them.
std::string place(std::string prefix, std::string_view key) {
  while (prefix.starts_with('/')) prefix.erase(0, 1);
  while (prefix.ends_with('/')) prefix.pop_back();
  if (prefix.empty()) return std::string(key);
  while (key.starts_with('/')) key.remove_prefix(1);
  return prefix + "/" + std::string(key);
}

}  // namespace

int run_kv_import(Terminal& terminal, const Arguments& arguments) {
  auto command = begin_client_command(
      terminal, usage, {{"prefix", false, "put the pairs below this prefix"}}, arguments);
  if (command.exit_code) return *command.exit_code;
  const auto data = read_pairs(command.flags->positionals(), terminal);
  if (!data) return complain(terminal, "Error! " + data.error().message);
  const auto pairs = decode_answer<std::vector<Pair>>(*data);
  if (!pairs) return complain(terminal, "Cannot unmarshal data: " + pairs.error().message);
  const std::string prefix = command.flags->value("prefix").value_or("");
  for (const Pair& pair : *pairs) {
    auto value = decode_base64(pair.value);
    if (!value) {
      return complain(
          terminal,
          fmt::format("Error base 64 decoding value for key {}: illegal base64 data", pair.key));
    }
    const std::string key = place(prefix, pair.key);
    auto body =
        command.client->expect_ok("PUT", "/v1/kv/" + escape_path(key),
                                  {{"flags", std::to_string(pair.flags)}}, std::move(*value));
    if (body && !body->contains("true")) body = fail(ErrorCode::failed, "the write was refused");
    if (!body) {
      return complain(terminal, fmt::format("Error! Failed writing data for key {}: {}", key,
                                            body.error().message));
    }
    terminal.out << "Imported: " << key << "\n";
  }
  return exit_ok;
}

}  // namespace conclave::cli
