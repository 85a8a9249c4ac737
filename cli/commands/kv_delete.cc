#include <fmt/format.h>

#include <ostream>

#include "cli/commands/client_flags.h"
#include "cli/commands/kv.h"

namespace conclave::cli {
namespace {

constexpr std::string_view usage = R"(Usage: conclave kv delete [flags] KEY or PREFIX

  Removes a key, or with -recurse everything whose name begins with PREFIX. A key that does not
  exist is no error.

      $ conclave kv delete app/limit
      $ conclave kv delete -recurse app/)";

int complain(Terminal& terminal, std::string_view sentence) {
  terminal.err << "Error! " << sentence << "\n";
  return exit_failed;
}

/// The sentence for flags that contradict each other, "" when they do not.
std::string_view contradiction(const ParsedFlags& flags) {
  const bool cas = flags.is_on("cas");
  const auto index = flags.value("modify-index");
  if (cas && flags.is_on("recurse")) return "Cannot specify both -cas and -recurse!";
  if (cas && index.value_or("0") == "0")
    return "Must specify a -modify-index greater than 0 with -cas!";
  if (!cas && index.value_or("0") != "0") return "Cannot specify -modify-index without -cas!";
  return "";
}

}  // namespace

int run_kv_delete(Terminal& terminal, const Arguments& arguments) {
  auto command =
      begin_client_command(terminal, usage,
                           {{"cas", true, "delete only if the ModifyIndex is -modify-index"},
                            {"modify-index", false, "for -cas"},
                            {"recurse", true, "delete everything below the prefix"}},
                           arguments);
  if (command.exit_code) return *command.exit_code;
  const ParsedFlags& flags = *command.flags;
  const auto& words = flags.positionals();
  const bool recurse = flags.is_on("recurse");
  if (words.empty()) return complain(terminal, "Missing KEY argument");
  if (words.size() > 1) {
    return complain(terminal, fmt::format("Too many arguments (expected 1, got {})", words.size()));
  }
  std::string key = words.front();
  if (key.starts_with('/')) key.erase(0, 1);
  if (key.empty() && !recurse) return complain(terminal, "Missing KEY argument");
  const std::string_view wrong = contradiction(flags);
  if (!wrong.empty()) return complain(terminal, wrong);

  std::vector<AgentClient::Query> query;
  if (recurse) query.push_back({.name = "recurse", .value = "", .bare = true});
  if (flags.is_on("cas")) query.push_back({"cas", *flags.value("modify-index")});
  auto body = command.client->expect_ok("DELETE", "/v1/kv/" + escape_path(key), std::move(query));
  if (!body) {
    return complain(terminal, fmt::format("Did not delete key {}: {}", key, body.error().message));
  }
  if (flags.is_on("cas") && !body->contains("true")) {
    return complain(terminal, fmt::format("Did not delete key {}: CAS failed", key));
  }
  terminal.out << (recurse ? "Success! Deleted keys with prefix: " : "Success! Deleted key: ")
               << key << "\n";
  return exit_ok;
}

}  // namespace conclave::cli
