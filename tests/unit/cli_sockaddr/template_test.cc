// Oracle: the documentation of HashiCorp's go-sockaddr templates, function by function.

#include "cli/sockaddr/template.h"

#include <gtest/gtest.h>

namespace conclave::cli::sockaddr {
namespace {

InterfaceAddress make(std::string name, std::string_view network, bool default_route = false) {
  const bool loopback = name == "lo";
  return {.name = std::move(name),
          .network = Network::parse(network).value(),
          .up = true,
          .broadcast = !loopback,
          .loopback = loopback,
          .multicast = !loopback,
          .default_route = default_route};
}

/// A server with a private and a public network, a second private one and a tunnel that is down.
Interfaces server() {
  Interfaces list = {make("lo", "127.0.0.1/8"),         make("lo", "::1/128"),
                     make("eth0", "10.0.0.5/24", true), make("eth0", "fe80::5/64", true),
                     make("eth0", "fd00::5/64", true),  make("eth1", "192.168.7.9/16"),
                     make("wan0", "93.184.216.34/29"),  make("tun0", "10.9.0.1/32")};
  list.back().up = false;
  list.back().broadcast = false;
  list.back().point_to_point = true;
  return list;
}

std::string evaluate(std::string_view text, const Interfaces& list = server()) {
  const auto found = evaluate_template(text, list);
  return found ? *found : "error: " + found.error().message;
}

struct Example {
  std::string_view text;
  std::string_view result;
};

void expect_all(std::initializer_list<Example> examples) {
  for (const Example& example : examples) {
    EXPECT_EQ(evaluate(example.text), example.result) << example.text;
  }
}

TEST(Template, sources) {
  expect_all({
      {"no template", "no template"},
      {"{{ GetPrivateIP }}", "10.0.0.5"},
      {"{{GetPrivateIP}}", "10.0.0.5"},
      {"{{ GetPublicIP }}", "93.184.216.34"},
      {"{{ GetPrivateIPs }}", "192.168.7.9 10.0.0.5 10.9.0.1 fd00::5"},
      {"{{ GetPublicIPs }}", "93.184.216.34"},
      {"{{ GetInterfaceIP \"eth1\" }}", "192.168.7.9"},
      {"{{ GetInterfaceIP \"eth0\" }}", "10.0.0.5"},
      {"{{ GetInterfaceIP `^wan[0-9]$` }}", "93.184.216.34"},
      {"{{ GetInterfaceIP \"lo\" }}", ""},
      {"{{ GetInterfaceIPs \"eth0\" }}", "10.0.0.5 fe80::5 fd00::5"},
      {"{{ GetInterfaceIP \"none\" }}", ""},
      {"{{ GetDefaultInterfaces | attr \"address\" }}", "10.0.0.5"},
      {"{{ GetPrivateInterfaces | join \"address\" \" \" }}", "10.0.0.5 fd00::5 192.168.7.9"},
      {"{{ GetPublicInterfaces | attr \"name\" }}", "wan0"},
  });
}

TEST(Template, include_and_exclude) {
  expect_all({
      {R"({{ GetAllInterfaces | include "network" "10.0.0.0/8" | attr "address" }})", "10.0.0.5"},
      {R"({{ . | include "network" "192.168.0.0/16|fd00::/8" | join "address" "," }})",
       "fd00::5,192.168.7.9"},
      {R"({{ GetAllInterfaces | exclude "name" "lo|eth" | join "name" "," }})", "wan0,tun0"},
      {R"({{ GetAllInterfaces | include "name" "eth1" | attr "address" }})", "192.168.7.9"},
      {R"({{ GetAllInterfaces | include "type" "IPv6" | join "address" " " }})",
       "::1 fe80::5 fd00::5"},
      {R"({{ GetPrivateInterfaces | exclude "type" "IPv6" | join "address" " " }})",
       "10.0.0.5 192.168.7.9"},
      {R"({{ GetAllInterfaces | include "rfc" "1918" | join "address" " " }})",
       "10.0.0.5 192.168.7.9 10.9.0.1"},
      {R"({{ . | include "RFC" "4193|5737|1918" | include "type" "ipv6" | attr "address" }})",
       "fd00::5"},
      {R"({{ GetAllInterfaces | exclude "rfc" "6890" | attr "address" }})", "93.184.216.34"},
      {R"({{ GetAllInterfaces | include "flags" "loopback" | join "address" " " }})",
       "127.0.0.1 ::1"},
      {R"({{ GetAllInterfaces | exclude "flags" "up" | attr "address" }})", "10.9.0.1"},
      {R"({{ GetAllInterfaces | include "flag" "down" | attr "name" }})", "tun0"},
      {R"({{ GetAllInterfaces | include "flags" "point-to-point" | attr "name" }})", "tun0"},
      {R"({{ GetAllInterfaces | include "flags" "link-local unicast" | attr "address" }})",
       "fe80::5"},
      {R"({{ GetAllInterfaces | include "flags" "up" | include "size" "24" | attr "name" }})",
       "eth0"},
      {R"({{ GetAllInterfaces | include "address" "^192\\." | attr "address" }})", "192.168.7.9"},
      {R"({{ GetAllInterfaces | include "port" "0" | limit 1 | attr "address" }})", "127.0.0.1"},
  });
}

TEST(Template, sort_limit_offset_unique) {
  expect_all({
      {R"({{ GetAllInterfaces | include "type" "ipv4" | sort "address" | join "address" " " }})",
       "10.0.0.5 10.9.0.1 93.184.216.34 127.0.0.1 192.168.7.9"},
      {R"({{ GetAllInterfaces | include "type" "ipv4" | sort "-size" | join "mask_bits" " " }})",
       "32 29 24 16 8"},
      {R"({{ GetAllInterfaces | sort "-name,-type" | unique "name" | join "name" " " }})",
       "wan0 tun0 lo eth1 eth0"},
      {R"({{ GetAllInterfaces | sort "default,-type,address" | attr "address" }})", "fd00::5"},
      {R"({{ GetAllInterfaces | sort "private" | offset -1 | attr "address" }})", "93.184.216.34"},
      {R"({{ GetAllInterfaces | offset 2 | limit 1 | join "address" " " }})", "10.0.0.5"},
      {R"({{ GetAllInterfaces | offset "-1" | attr "name" }})", "tun0"},
      {R"({{ GetAllInterfaces | limit 0 | attr "name" }})", ""},
  });
}

TEST(Template, attributes) {
  struct Attribute {
    std::string_view name;
    std::string_view v4;
    std::string_view v6;
  };
  for (const Attribute& one : std::initializer_list<Attribute>{
           {"address", "10.0.0.5", "fd00::5"},
           {"binary", "00001010000000000000000000000101", ""},
           {"broadcast", "10.0.0.255", ""},
           {"first_usable", "10.0.0.1", "fd00::"},
           {"flags", "up|broadcast|multicast", "up|broadcast|multicast"},
           {"hex", "0a000005", "fd000000000000000000000000000005"},
           {"host", "10.0.0.5", "fd00::5"},
           {"last_usable", "10.0.0.254", "fd00::ffff:ffff:ffff:ffff"},
           {"mask_bits", "24", "64"},
           {"NAME", "eth0", "eth0"},
           {"netmask", "255.255.255.0", "ffff:ffff:ffff:ffff::"},
           {"network", "10.0.0.0", "fd00::"},
           {"octets", "10 0 0 5", "253 0 0 0 0 0 0 0 0 0 0 0 0 0 0 5"},
           {"port", "0", "0"},
           {"size", "256", "18446744073709551616"},
           {"string", "10.0.0.5/24", "fd00::5/64"},
           {"type", "IPv4", "IPv6"},
           {"uint32", "167772165", ""},
           {"uint128", "", "336294682933583715844663186250927177733"},
       }) {
    const std::string read = "attr \"" + std::string(one.name) + "\" }}";
    EXPECT_EQ(evaluate("{{ GetPrivateInterfaces | " + read), one.v4) << one.name;
    if (one.name == "binary") continue;
    EXPECT_EQ(evaluate("{{ GetPrivateInterfaces | offset 1 | " + read), one.v6) << one.name;
  }
}

TEST(Template, math) {
  auto calculate = [](std::string_view network, std::string_view operation) {
    return evaluate(
        "{{ GetAllInterfaces | math " + std::string(operation) + " | attr \"string\" }}",
        {make("x", network)});
  };
  EXPECT_EQ(calculate("10.0.0.5/24", R"("address" "+256")"), "10.0.1.5/24");
  EXPECT_EQ(calculate("10.0.0.5/24", R"("address" "-256")"), "9.255.255.5/24");
  EXPECT_EQ(calculate("10.0.0.5/24", R"("network" "+2")"), "10.0.0.2/24");
  EXPECT_EQ(calculate("127.0.0.1/8", R"("network" "-1")"), "127.255.255.255/8");
  EXPECT_EQ(calculate("10.0.0.5/24", R"("network" "+257")"), "10.0.0.1/24");
  EXPECT_EQ(calculate("fd00::5/64", R"("network" "-2")"), "fd00::ffff:ffff:ffff:fffe/64");
  EXPECT_EQ(calculate("192.168.10.20/24", R"("mask" "16")"), "192.168.0.0/16");
  EXPECT_EQ(calculate("192.168.10.20/24", R"("mask" "28")"), "192.168.10.16/24");
}

TEST(Template, notation) {
  expect_all({
      {"a {{ GetPrivateIP }} b", "a 10.0.0.5 b"},
      {"a {{- GetPublicIP -}} b", "a93.184.216.34b"},
      {"a {{- /* nothing */ -}} b", "ab"},
      {"{{ attr \"address\" (GetAllInterfaces | include \"name\" \"eth1\") }}", "192.168.7.9"},
      {"{{ Attr \"address\" GetPrivateInterfaces }}", "10.0.0.5"},
      {"{{ . | include \"name\" \"eth1\" | attr \"address\" }}", "192.168.7.9"},
      {"{{ GetAllInterfaces\n  | include \"name\" \"eth1\"\n  | attr \"address\" }}",
       "192.168.7.9"},
      {"{{ \"10.0.0.1\" }}", "10.0.0.1"},
      {"{{ 5 }}", "5"},
  });
}

TEST(Template, errors_have_the_place) {
  for (const Example& example : std::initializer_list<Example>{
           {"{{ GetPrivteIP }}",
            "error: character 4: function \"GetPrivteIP\" not defined; there "
            "are Attr, GetAllInterfaces,"},
           {"{{ GetInterfaceIP }}", "error: character 4: GetInterfaceIP takes a text"},
           {"{{ GetInterfaceIP eth0 }}", "error: character 19: function \"eth0\" not defined"},
           {"{{ GetAllInterfaces | limit \"x\" }}",
            "error: character 23: limit: its first argument"},
           {"{{ GetAllInterfaces | limit -1 }}", "error: character 23: limit: its number must not"},
           {"{{ GetAllInterfaces | offset 9 }}", "error: character 23: offset: offset 9 is past"},
           {"{{ GetAllInterfaces | sort \"x\" }}", "error: character 23: sort: unknown sort type"},
           {"{{ GetAllInterfaces | attr \"x\" }}", "error: character 23: attr: unknown attribute"},
           {"{{ GetAllInterfaces | include \"x\" \"y\" }}",
            "error: character 23: include: unknown selector \"x\""},
           {"{{ GetAllInterfaces | include \"name\" \"(\" }}",
            "error: character 23: include: \"(\" is no regular expression"},
           {"{{ GetAllInterfaces | include \"network\" \"10/8\" }}",
            "error: character 23: include: \"10/8\" is no network"},
           {"{{ GetAllInterfaces | include \"rfc\" \"1\" }}",
            "error: character 23: include: RFC \"1\""},
           {"{{ GetAllInterfaces | include \"type\" \"ip5\" }}",
            "error: character 23: include: type \"ip5\""},
           {"{{ GetAllInterfaces | include \"flags\" \"upp\" }}",
            "error: character 23: include: unknown interface flag"},
           {"{{ GetAllInterfaces | math \"address\" \"1\" }}",
            "error: character 23: math: sign (+/-) is required for operation \"address\""},
           {"{{ GetAllInterfaces }}", "error: character 4: this is a list of addresses"},
           {"{{ GetPrivateIP | attr \"x\" }}", "error: character 19: attr takes a text, a list"},
           {"{{ GetPrivateIP", "error: character 16: }} is missing"},
           {"{{ }}", "error: character 4: a function is missing"},
           {"{{ GetPrivateIP | }}", "error: character 19: a function is missing"},
           {"{{ (GetPrivateIP }}", "error: character 18: ')' is missing"},
           {"{{ GetPrivateIP ) }}", "error: character 17: unexpected ')'"},
           {"{{ attr \"x }}", "error: character 9: the text is not closed"},
           {"{{ attr \"\\q\" }}", "error: character 9: the text has an escape sequence"},
           {"{{ range GetAllInterfaces }}{{ end }}",
            "error: character 4: \"range\" is not supported here"},
           {"{{ $x }}", "error: character 4: there are no variables"},
           {"{{ .Name }}", "error: character 5: there are no fields"},
           {"{{ /* x }}", "error: character 4: the comment is not closed"},
           {"{{ \"a\" \"b\" }}", "error: character 8: a value takes no arguments"},
           {"{{ GetPrivateIP | \"b\" }}", "error: character 19: nothing can be piped"},
       }) {
    const std::string found = evaluate(example.text);
    EXPECT_TRUE(found.starts_with(example.result)) << example.text << "\n -> " << found;
  }
  EXPECT_TRUE(evaluate(std::string(5000, ' ')).starts_with("error: character 4097: longer"));
  EXPECT_NE(evaluate("{{ " + std::string(30, '(')).find("too many parentheses"), std::string::npos);
}

TEST(Template, nothing_comes_of_a_machine_without_networks) {
  EXPECT_EQ(evaluate("{{ GetPrivateIP }}", {}), "");
  EXPECT_EQ(evaluate("{{ GetAllInterfaces | join \"address\" \" \" }}", {}), "");
  EXPECT_EQ(describe({}), "none");
  EXPECT_EQ(describe({make("lo", "127.0.0.1/8"), make("lo", "::1"), make("eth0", "10.0.0.5/24")}),
            "lo 127.0.0.1/8 ::1, eth0 10.0.0.5/24");
}

}  // namespace
}  // namespace conclave::cli::sockaddr
