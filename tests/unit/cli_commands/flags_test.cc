#include "cli/commands/flags.h"

#include <gtest/gtest.h>

namespace conclave::cli {
namespace {

const std::vector<FlagSpec> specs = {{"port", false}, {"dev", true}, {"join", false}};

std::string shown(const std::vector<std::string>& arguments) {
  auto flags = parse_flags(specs, arguments);
  if (!flags) return "error: " + flags.error().message;
  std::string text = flags->help() ? "help " : "";
  for (const FlagValue& value : flags->values()) text += value.name + "=" + value.value + " ";
  for (const std::string& word : flags->positionals()) text += "[" + word + "]";
  return text;
}

struct Case {
  std::vector<std::string> arguments;
  std::string expected;
};

TEST(Flags, are_read_as_gos_flag_package_reads_them) {
  const Case cases[] = {
      {{"-port=1"}, "port=1 "},
      {{"-port", "1", "x"}, "port=1 [x]"},
      {{"--port", "1"}, "port=1 "},
      {{"-port", "-1"}, "port=-1 "},
      {{"-dev"}, "dev=true "},
      {{"-dev=false"}, "dev=false "},
      {{"-dev", "false"}, "dev=true [false]"},
      {{"-join=a", "-dev", "-join", "b"}, "join=a dev=true join=b "},
      {{"key", "-port=1"}, "[key][-port=1]"},
      {{"key", "-"}, "[key][-]"},
      {{"--", "-port"}, "[-port]"},
      {{"-h"}, "help "},
      {{"-join="}, "join= "},
      {{"-join=a b"}, "join=a b "},
      {{"-nope"}, "error: flag provided but not defined: -nope"},
      {{"-port"}, "error: flag needs an argument: -port"},
  };
  for (const Case& one : cases) EXPECT_EQ(shown(one.arguments), one.expected);
}

TEST(Flags, a_boolean_accepts_true_and_false_only) {
  EXPECT_TRUE(shown({"-dev=maybe"}).starts_with("error: "));
}

TEST(Flags, the_last_value_counts) {
  auto flags = parse_flags(specs, {"-port=1", "-port=2"});
  ASSERT_TRUE(flags.has_value());
  EXPECT_EQ(flags->value("port"), "2");
  EXPECT_FALSE(flags->is_on("dev"));
}

}  // namespace
}  // namespace conclave::cli
