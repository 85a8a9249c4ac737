#include <fmt/format.h>

#include <ostream>

#include "base/core/text.h"
#include "cli/commands/client_flags.h"
#include "cli/commands/data_argument.h"
#include "cli/commands/kv.h"

namespace conclave::cli {
namespace {

constexpr std::string_view usage = R"(Usage: conclave kv put [flags] KEY [DATA | @file | -]

  Writes DATA, the contents of a file, or standard input (-) to KEY. Without DATA the value is
  empty. With -cas it is written only if nobody changed the key since it was read; with -acquire
  and -release it takes and gives back the lock of the key for a session.

      $ conclave kv put app/limit 100
      $ conclave kv put -cas -modify-index=123 app/limit 200
      $ pg_dump shop | conclave kv put backup/shop -)";

/// What kind of write was asked for, and its three sentences.
struct Write {
  std::vector<AgentClient::Query> query;
  std::string success;
  std::string refusal;
};

int complain(Terminal& terminal, std::string_view sentence) {
  terminal.err << "Error! " << sentence << "\n";
  return exit_failed;
}

Write describe_write(const ParsedFlags& flags, const std::string& key) {
  Write write;
  write.query.push_back({"flags", flags.value("flags").value_or("0")});
  const std::string session = flags.value("session").value_or("");
  if (flags.is_on("cas")) {
    write.query.push_back({"cas", flags.value("modify-index").value_or("0")});
    write.success = "Success! Data written to: " + key;
    write.refusal = "Did not write to " + key + ": CAS failed";
  } else if (flags.is_on("acquire")) {
    write.query.push_back({"acquire", session});
    write.success = "Success! Lock acquired on: " + key;
    write.refusal = "Did not acquire lock";
  } else if (flags.is_on("release")) {
    write.query.push_back({"release", session});
    write.success = "Success! Lock released on: " + key;
    write.refusal = "Did not release lock";
  } else {
    write.success = "Success! Data written to: " + key;
    write.refusal = "Did not write to " + key;
  }
  return write;
}

}  // namespace

int run_kv_put(Terminal& terminal, const Arguments& arguments) {
  auto command =
      begin_client_command(terminal, usage,
                           {{"acquire", true, "acquire the lock of the key for -session"},
                            {"base64", true, "DATA is base64"},
                            {"cas", true, "write only if the key's ModifyIndex is -modify-index"},
                            {"flags", false, "number to store beside the value [0]"},
                            {"modify-index", false, "for -cas; 0: only if the key does not exist"},
                            {"release", true, "release the lock of the key for -session"},
                            {"session", false, "session of -acquire and -release"}},
                           arguments);
  if (command.exit_code) return *command.exit_code;
  const ParsedFlags& flags = *command.flags;
  const auto& words = flags.positionals();
  if (words.empty() || words.front().empty() || words.front() == "/") {
    return complain(terminal, "Missing KEY argument");
  }
  if (words.size() > 2) {
    return complain(terminal,
                    fmt::format("Too many arguments (expected 1 or 2, got {})", words.size()));
  }
  const bool locking = flags.is_on("acquire") || flags.is_on("release");
  if (locking && flags.value("session").value_or("").empty()) {
    return complain(terminal, "Missing -session (required with -acquire and -release)");
  }
  std::string key = words.front();
  if (key.starts_with('/')) key.erase(0, 1);
  auto data = read_data_argument(words.size() == 2 ? words[1] : "", terminal);
  if (!data) return complain(terminal, data.error().message);
  if (flags.is_on("base64")) {
    auto decoded = decode_base64(*data);
    if (!decoded) return complain(terminal, "Cannot base64 decode data");
    data = std::move(*decoded);
  }
  Write write = describe_write(flags, key);
  auto body = command.client->expect_ok("PUT", "/v1/kv/" + escape_path(key), std::move(write.query),
                                        std::move(*data));
  if (!body) return complain(terminal, "Failed writing data: " + body.error().message);
  if (!body->contains("true")) return complain(terminal, write.refusal);
  terminal.out << write.success << "\n";
  return exit_ok;
}

}  // namespace conclave::cli
