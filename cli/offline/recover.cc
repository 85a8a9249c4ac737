#include <fmt/format.h>

#include <istream>
#include <ostream>
#include <string>

#include "cli/commands/flags.h"
#include "cli/offline/commands.h"
#include "cli/offline/rebuild.h"

namespace conclave::cli {
namespace {

constexpr std::string_view usage = "Usage: conclave operator recover -data-dir DIR [-yes]";
constexpr std::string_view confirmation = "recover";

std::string line(std::string_view label, const std::string& text) {
  return fmt::format("{:<16}{}\n", label, text);
}

void print_members(std::ostream& out, const Survivor::Findings& found) {
  for (const raft::Server& server : found.configuration.servers) {
    const bool self = server.id.value == found.node_id;
    out << line("Member", fmt::format("{} ({}){}{}", server.id.value, server.address,
                                      server.suffrage == raft::Suffrage::voter ? "" : ", no voter",
                                      self ? ", this server" : ", will be refused from now on"));
  }
}

void print_findings(std::ostream& out, const std::string& data_dir,
                    const Survivor::Findings& found) {
  out << line("Data directory", data_dir) << line("Node", found.node_id)
      << line("Recovery epoch",
              fmt::format("{}, will be {}", found.recovery_epoch, found.recovery_epoch + 1))
      << line("State", fmt::format("applied up to entry {}", found.state_index.value))
      << line("Log",
              fmt::format("up to entry {} of term {}, known to be committed up to {}",
                          found.last_index.value, found.last_term.value, found.commit_index.value));
  print_members(out, found);
  out << "\nWhat may be lost: everything that the other servers acknowledged and that this one "
         "never received.\n";
  if (found.last_index > found.commit_index) {
    out << fmt::format("Entries {} to {} may never have been committed; they are kept.\n",
                       found.commit_index.value + 1, found.last_index.value);
  }
  if (found.damage)
    out << "The log is damaged, what follows is not read: " << *found.damage << "\n";
  if (found.left_out) out << "The log's entries are left out: " << *found.left_out << ".\n";
  out << "What is here now is kept beside what is made. Give this server's data to nobody else, "
         "and "
         "join the others\nagain with empty data directories.\n";
}

bool is_confirmed(Terminal& terminal) {
  terminal.out << fmt::format("\nType \"{}\" to go on: ", confirmation) << std::flush;
  std::string answer;
  std::getline(terminal.in, answer);
  return answer == confirmation;
}

int failed(Terminal& terminal, const Error& error) {
  terminal.err << "Error recovering: " << error.message << "\n";
  return exit_failed;
}

}  // namespace

int run_operator_recover(Terminal& terminal, const Arguments& arguments) {
  const std::vector<FlagSpec> specs = {
      {"data-dir", false, "data directory of the stopped server that is left"},
      {"yes", true, "do not ask"}};
  auto flags = parse_flags(specs, arguments);
  if (!flags) {
    terminal.err << flags.error().message << "\n" << usage << "\n";
    return exit_failed;
  }
  if (flags->help()) {
    terminal.out << usage << "\n\n" << describe_flags(specs);
    return exit_ok;
  }
  const std::string data_dir = flags->value("data-dir").value_or("");
  if (data_dir.empty() || !flags->positionals().empty()) {
    terminal.err << usage << "\n";
    return exit_failed;
  }
  auto survivor = Survivor::open(data_dir);
  if (!survivor) return failed(terminal, survivor.error());
  const Survivor::Findings& found = (*survivor)->findings();
  if (found.is_interrupted) {
    terminal.out
        << "An earlier recovery was interrupted when all but its last step was done; it is "
           "completed now.\n";
  } else {
    print_findings(terminal.out, data_dir, found);
    if (!flags->is_on("yes") && !is_confirmed(terminal)) {
      terminal.err << "Nothing was changed.\n";
      return exit_failed;
    }
  }
  const auto aside = (*survivor)->rebuild();
  if (!aside) return failed(terminal, aside.error());
  terminal.out
      << "\nRecovered. Start this server: it is a cluster of its own, which the others may "
         "join.\n";
  if (!aside->empty()) terminal.out << "What was there before is in " << *aside << "\n";
  return exit_ok;
}

}  // namespace conclave::cli
