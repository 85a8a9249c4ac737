#include "cli/commands/keyring.h"

#include <fmt/format.h>

#include <map>
#include <ostream>
#include <tuple>
#include <vector>

#include "cli/commands/client_flags.h"
#include "cli/commands/columns.h"

namespace conclave::cli {
namespace {

constexpr std::string_view usage = R"(Usage: conclave keyring [flags]

  Shows and changes the keys with which servers protect what they say to each other, while they
  run. All keys are accepted, one is used: the primary one. To exchange it, install a new one, use
  it, and remove the old one.

      $ conclave keyring -install=$(conclave keygen)
      $ conclave keyring -use=pUqJrVyVRj5jsiYEkM/tFQ==
      $ conclave keyring -remove=d8wu8CSUrqgtjVsvcBPmhQ==
      $ conclave keyring -list)";

using Counts = std::map<std::string, std::uint64_t>;

struct Ring {
  bool wan = false;
  std::string datacenter;
  std::map<std::string, std::string> messages;
  Counts keys;
  Counts primary_keys;
  std::uint64_t num_nodes = 0;

  static constexpr auto fields() {
    using api::field;
    return std::tuple{field(0, "WAN", &Ring::wan),
                      field(0, "Datacenter", &Ring::datacenter),
                      field(0, "Messages", &Ring::messages),
                      field(0, "Keys", &Ring::keys),
                      field(0, "PrimaryKeys", &Ring::primary_keys),
                      field(0, "NumNodes", &Ring::num_nodes)};
  }
};

struct KeyBody {
  std::string key;
  static constexpr auto fields() { return std::tuple{api::field(0, "Key", &KeyBody::key)}; }
};

/// An action that changes the keys.
struct Change {
  const char* flag;
  const char* method;
  const char* doing;
};
constexpr Change changes[] = {
    {"install", "POST", "Installing new gossip encryption key..."},
    {"use", "PUT", "Changing primary gossip encryption key..."},
    {"remove", "DELETE", "Removing gossip encryption key..."},
};

int failed(Terminal& terminal, const Error& error) {
  terminal.err << "error: " << error.message << "\n";
  return exit_failed;
}

void print(std::ostream& out, const Ring& ring, bool primary) {
  out << "\n" << (ring.wan ? "WAN" : ring.datacenter + " (LAN)") << ":\n";
  for (const auto& [node, message] : ring.messages)
    out << "  ===> " << node << ": " << message << "\n";
  for (const auto& [key, count] : primary ? ring.primary_keys : ring.keys) {
    out << fmt::format("  {} [{}/{}]\n", key, count, ring.num_nodes);
  }
}

int list(Terminal& terminal, const AgentClient& client, bool primary) {
  terminal.out << (primary ? "==> Gathering installed primary encryption keys...\n"
                           : "==> Gathering installed encryption keys...\n");
  const auto rings = client.get<std::vector<Ring>>("/v1/operator/keyring");
  if (!rings) return failed(terminal, rings.error());
  for (const Ring& ring : *rings) print(terminal.out, ring, primary);
  return exit_ok;
}

}  // namespace

int run_keyring(Terminal& terminal, const Arguments& arguments) {
  auto command = begin_client_command(
      terminal, usage,
      {{"list", true, "show all keys and how many servers have each"},
       {"list-primary", true, "show the keys that are used"},
       {"install", false, "a key to accept from now on: 16, 24 or 32 bytes in base64"},
       {"use", false, "an installed key to use from now on"},
       {"remove", false, "an installed key to accept no more"},
       {"local-only", true, "accepted; there is one datacenter"},
       {"relay-factor", false, "accepted; servers are asked directly"}},
      arguments);
  if (command.exit_code) return *command.exit_code;
  int actions = 0;
  for (const char* flag : {"list", "list-primary"}) actions += command.flags->is_on(flag);
  for (const Change& change : changes) actions += command.flags->value(change.flag).has_value();
  if (actions != 1) {
    terminal.err << (actions == 0 ? "Exactly one of -list, -list-primary, -install, -use and "
                                    "-remove is needed\n"
                                  : "Only a single action is allowed\n");
    return exit_failed;
  }
  for (const Change& change : changes) {
    const auto key = command.flags->value(change.flag);
    if (!key) continue;
    terminal.out << "==> " << change.doing << "\n";
    const auto done = command.client->expect_ok(change.method, "/v1/operator/keyring", {},
                                                api::to_json(KeyBody{*key}));
    return done ? exit_ok : failed(terminal, done.error());
  }
  return list(terminal, *command.client, command.flags->is_on("list-primary"));
}

}  // namespace conclave::cli
