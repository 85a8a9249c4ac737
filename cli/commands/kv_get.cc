#include <fmt/format.h>

#include <ostream>

#include "api/model/kv.h"
#include "base/core/text.h"
#include "cli/commands/client_flags.h"
#include "cli/commands/kv.h"

namespace conclave::cli {
namespace {

constexpr std::string_view usage = R"(Usage: conclave kv get [flags] [KEY or PREFIX]

  Prints the value of a key. With -recurse all pairs below a prefix, one `key:value` a line; -keys
  shows their names only, cut after the next separator, as a directory shows them.

      $ conclave kv get app/limit
      $ conclave kv get -detailed app/limit
      $ conclave kv get -keys app/)";

std::string shown_value(const api::KvEntry& entry, bool base64) {
  return base64 ? encode_base64(entry.value.data) : entry.value.data;
}

/// The rows of -detailed: labels 17 columns wide.
void print_detailed(std::ostream& out, const api::KvEntry& entry, bool base64) {
  const std::string session = entry.session.empty() ? "-" : entry.session;
  out << fmt::format("{:<17}{}\n", "CreateIndex", entry.create_index)
      << fmt::format("{:<17}{}\n", "Flags", entry.flags)
      << fmt::format("{:<17}{}\n", "Key", entry.key)
      << fmt::format("{:<17}{}\n", "LockIndex", entry.lock_index)
      << fmt::format("{:<17}{}\n", "ModifyIndex", entry.modify_index)
      << fmt::format("{:<17}{}\n", "Session", session)
      << fmt::format("{:<17}{}\n", "Value", shown_value(entry, base64));
}

int failed(Terminal& terminal, const Error& error) {
  terminal.err << "Error querying Consul agent: " << error.message << "\n";
  return exit_failed;
}

/// GET with the query; an absent body when the answer is 404.
Result<std::optional<std::string>> fetch(const AgentClient& client, const std::string& key,
                                         std::vector<AgentClient::Query> query) {
  auto response = client.call("GET", "/v1/kv/" + escape_path(key), std::move(query));
  if (!response) return std::unexpected(response.error());
  if (response->status == 404) return std::nullopt;
  if (response->status != 200) return std::unexpected(unexpected_response(*response));
  return std::move(response->body);
}

int print_keys(Terminal& terminal, const AgentClient& client, const ParsedFlags& flags,
               const std::string& key) {
  const std::string separator = flags.value("separator").value_or("/");
  auto body =
      fetch(client, key, {{.name = "keys", .value = "", .bare = true}, {"separator", separator}});
  if (!body) return failed(terminal, body.error());
  if (!*body) return exit_ok;
  auto keys = decode_answer<std::vector<std::string>>(**body);
  if (!keys) return failed(terminal, keys.error());
  for (const std::string& one : *keys) terminal.out << one << "\n";
  return exit_ok;
}

int print_tree(Terminal& terminal, const AgentClient& client, const ParsedFlags& flags,
               const std::string& key) {
  auto body = fetch(client, key, {{.name = "recurse", .value = "", .bare = true}});
  if (!body) return failed(terminal, body.error());
  if (!*body) return exit_ok;
  auto entries = decode_answer<std::vector<api::KvEntry>>(**body);
  if (!entries) return failed(terminal, entries.error());
  const bool base64 = flags.is_on("base64");
  bool first = true;
  for (const api::KvEntry& entry : *entries) {
    if (flags.is_on("detailed")) {
      if (!first) terminal.out << "\n";
      print_detailed(terminal.out, entry, base64);
    } else {
      terminal.out << entry.key << ":" << shown_value(entry, base64) << "\n";
    }
    first = false;
  }
  return exit_ok;
}

int print_one(Terminal& terminal, const AgentClient& client, const ParsedFlags& flags,
              const std::string& key) {
  auto body = fetch(client, key, {});
  if (!body) return failed(terminal, body.error());
  std::vector<api::KvEntry> entries;
  if (*body) {
    auto decoded = decode_answer<std::vector<api::KvEntry>>(**body);
    if (!decoded) return failed(terminal, decoded.error());
    entries = std::move(*decoded);
  }
  if (entries.empty()) {
    terminal.err << "Error! No key exists at: " << key << "\n";
    return exit_failed;
  }
  if (flags.is_on("detailed")) {
    print_detailed(terminal.out, entries.front(), flags.is_on("base64"));
  } else {
    terminal.out << shown_value(entries.front(), flags.is_on("base64")) << "\n";
  }
  return exit_ok;
}

}  // namespace

int run_kv_get(Terminal& terminal, const Arguments& arguments) {
  auto command = begin_client_command(terminal, usage,
                                      {{"base64", true, "show values in base64"},
                                       {"detailed", true, "show everything about the key"},
                                       {"keys", true, "list keys below the prefix only"},
                                       {"recurse", true, "list all pairs below the prefix"},
                                       {"separator", false, "where -keys cuts names [/]"}},
                                      arguments);
  if (command.exit_code) return *command.exit_code;
  const auto& words = command.flags->positionals();
  if (words.size() > 1) {
    terminal.err << fmt::format("Error! Too many arguments (expected 1, got {})\n", words.size());
    return exit_failed;
  }
  std::string key = words.empty() ? "" : words.front();
  if (key.starts_with('/')) key.erase(0, 1);
  const bool keys = command.flags->is_on("keys");
  const bool recurse = command.flags->is_on("recurse");
  if (key.empty() && !keys && !recurse) {
    terminal.err << "Error! Missing KEY argument\n";
    return exit_failed;
  }
  if (keys) return print_keys(terminal, *command.client, *command.flags, key);
  if (recurse) return print_tree(terminal, *command.client, *command.flags, key);
  return print_one(terminal, *command.client, *command.flags, key);
}

}  // namespace conclave::cli
