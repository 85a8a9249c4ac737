#include "cli/commands/flags.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>

namespace conclave::cli {
namespace {

/// What Go's flag package would make of the arguments: options as `--name=value`, and the rest.
struct Normalised {
  std::vector<std::string> options;
  std::vector<std::string> positionals;
  bool help = false;
};

const FlagSpec* find_spec(std::span<const FlagSpec> specs, std::string_view name) {
  const auto at = std::ranges::find(specs, name, &FlagSpec::name);
  return at == specs.end() ? nullptr : &*at;
}

Result<Normalised> normalise(std::span<const FlagSpec> specs,
                             const std::vector<std::string>& arguments) {
  Normalised result;
  std::size_t i = 0;
  for (; i < arguments.size(); ++i) {
    std::string_view word = arguments[i];
    if (word == "--") {
      ++i;
      break;
    }
    if (word.size() < 2 || word[0] != '-') break;
    word.remove_prefix(word.starts_with("--") ? 2 : 1);
    const auto equals = word.find('=');
    const std::string name(word.substr(0, equals));
    if (name == "h" || name == "help") {
      result.help = true;
      continue;
    }
    const FlagSpec* spec = find_spec(specs, name);
    if (spec == nullptr) {
      return fail(ErrorCode::bad_request, "flag provided but not defined: -" + name);
    }
    std::string value = "true";
    if (equals != std::string_view::npos) {
      value = word.substr(equals + 1);
    } else if (!spec->boolean) {
      if (++i == arguments.size()) {
        return fail(ErrorCode::bad_request, "flag needs an argument: -" + name);
      }
      value = arguments[i];
    }
    // CLI11 takes "--x=" for a missing value, and "--x -1" for two options.
    result.options.push_back(value.empty() ? "--" + name : "--" + name + "=" + value);
    if (value.empty()) result.options.emplace_back();
  }
  result.positionals.assign(
      arguments.begin() + static_cast<std::ptrdiff_t>(std::min(i, arguments.size())),
      arguments.end());
  return result;
}

/// CLI11 hands over the occurrences of each option in order, and the order of options.
std::vector<FlagValue> collect(const CLI::App& app) {
  std::vector<FlagValue> values;
  std::map<const CLI::Option*, std::size_t> next;
  for (const CLI::Option* option : app.parse_order()) {
    const std::size_t n = next[option]++;
    values.push_back({option->get_lnames().front(), option->results().at(n)});
  }
  return values;
}

}  // namespace

bool ParsedFlags::is_on(std::string_view name) const {
  return value(name).value_or("false") == "true";
}

std::optional<std::string> ParsedFlags::value(std::string_view name) const {
  for (auto at = values_.rbegin(); at != values_.rend(); ++at) {
    if (at->name == name) return at->value;
  }
  return std::nullopt;
}

std::vector<std::string> ParsedFlags::all(std::string_view name) const {
  std::vector<std::string> found;
  for (const FlagValue& one : values_) {
    if (one.name == name) found.push_back(one.value);
  }
  return found;
}

Result<ParsedFlags> parse_flags(std::span<const FlagSpec> specs,
                                const std::vector<std::string>& arguments) {
  CONCLAVE_TRY_ASSIGN(Normalised normalised, normalise(specs, arguments));
  CLI::App app;
  app.set_help_flag();
  for (const FlagSpec& spec : specs) {
    CLI::Option* option = app.add_option("--" + spec.name);
    option->expected(1)->allow_extra_args(false);
    option->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    if (spec.boolean) option->check(CLI::IsMember({"true", "false", "1", "0"}));
  }
  std::ranges::reverse(normalised.options);  // CLI11 takes them from the back.
  try {
    app.parse(std::move(normalised.options));
  } catch (const CLI::ParseError& error) {
    return fail(ErrorCode::bad_request, error.what());
  }
  std::vector<FlagValue> values = collect(app);
  for (FlagValue& value : values) {
    const FlagSpec* spec = find_spec(specs, value.name);
    if (spec->boolean) value.value = value.value == "true" || value.value == "1" ? "true" : "false";
  }
  return ParsedFlags(std::move(values), std::move(normalised.positionals), normalised.help);
}

std::string describe_flags(std::span<const FlagSpec> specs) {
  std::string text;
  for (const FlagSpec& spec : specs) {
    const std::string name = "-" + spec.name + (spec.boolean ? "" : "=<value>");
    text += fmt::format("  {}\n      {}\n", name, spec.help);
  }
  return text;
}

}  // namespace conclave::cli
