#include "tests/unit/cli_config/reference.h"

#include <fmt/format.h>

#include <string_view>

#include "cli/config/agent_flags.h"
#include "cli/config/key_entry.h"

namespace conclave::cli {
namespace {

std::string_view name_of(KeyClass key_class) {
  switch (key_class) {
    case KeyClass::implemented:
      return "yes";
    case KeyClass::moot:
      return "is so";
    case KeyClass::later:
      return "warns";
    case KeyClass::refused:
      return "refused";
  }
  return "";
}

std::string_view name_of(KeyType type) {
  switch (type) {
    case KeyType::boolean:
      return "boolean";
    case KeyType::integer:
      return "number";
    case KeyType::text:
      return "text";
    case KeyType::duration:
      return "duration";
    case KeyType::text_list:
      return "list";
    case KeyType::text_map:
      return "map";
    case KeyType::definitions:
      return "blocks";
    case KeyType::any:
      return "any";
  }
  return "";
}

std::string in_code(std::string_view text) { return text.empty() ? "" : fmt::format("`{}`", text); }

/// A bar would end the cell.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '|' ? std::string("\\|") : std::string(1, c);
  return out;
}

}  // namespace

std::string render_keys() {
  std::string out;
  for (const KeySubject& subject : key_subjects()) {
    out += fmt::format("\n### {}\n\n| key | here | type | default | meaning |\n", subject.title);
    out += "| --- | --- | --- | --- | --- |\n";
    for (const KeyEntry& entry : subject.entries) {
      out += fmt::format("| `{}` | {} | {} | {} | {}{} |\n", entry.path, name_of(entry.key_class),
                         name_of(entry.type), in_code(entry.fallback), cell(entry.meaning),
                         entry.why.empty() ? "" : fmt::format(". *{}*", cell(entry.why)));
    }
  }
  return out + "\n";
}

std::string render_flags() {
  std::string out = "\n| flag | key | here | meaning |\n| --- | --- | --- | --- |\n";
  for (const AgentFlag& flag : agent_flags()) {
    const KeyRule* rule = flag.path.empty() ? nullptr : find_key_rule(flag.path);
    const std::string_view state = rule == nullptr ? "yes" : name_of(rule->key_class);
    out += fmt::format("| `-{}` | {} | {} | {} |\n", flag.name, in_code(flag.path), state,
                       cell(flag.help));
  }
  return out + "\n";
}

std::string with_section(const std::string& document, const std::string& name,
                         const std::string& text) {
  const std::string begin = fmt::format("<!-- {} -->\n", name);
  const std::string end = fmt::format("<!-- end of {} -->\n", name);
  const auto from = document.find(begin);
  const auto to = document.find(end);
  if (from == std::string::npos || to == std::string::npos || to < from) return "";
  return document.substr(0, from + begin.size()) + text + document.substr(to);
}

}  // namespace conclave::cli
