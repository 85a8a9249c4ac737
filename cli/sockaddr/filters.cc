#include "cli/sockaddr/filters.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/core/text.h"
#include "cli/sockaddr/rfc_networks.h"

namespace conclave::cli::sockaddr {
namespace {

/// True for what is selected.
using Predicate = std::function<bool(const InterfaceAddress&)>;

std::unexpected<Error> refuse(std::string message) {
  return fail(ErrorCode::bad_request, std::move(message));
}

std::vector<std::string> alternatives(std::string_view value) {
  std::vector<std::string> parts;
  for (;;) {
    const auto bar = value.find('|');
    parts.emplace_back(trim_spaces(value.substr(0, bar)));
    if (bar == std::string_view::npos) return parts;
    value.remove_prefix(bar + 1);
  }
}

Result<Predicate> any_of(std::string_view value,
                         Result<Predicate> (*make)(const std::string& alternative)) {
  std::vector<Predicate> predicates;
  for (const std::string& alternative : alternatives(value)) {
    CONCLAVE_TRY_ASSIGN(predicates.emplace_back(), make(alternative));
  }
  return [predicates](const InterfaceAddress& one) {
    return std::ranges::any_of(predicates, [&](const Predicate& accepts) { return accepts(one); });
  };
}

Result<std::shared_ptr<const re2::RE2>> compile(std::string_view expression) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(1 << 20);
  auto compiled = std::make_shared<const re2::RE2>(std::string(expression), options);
  if (compiled->ok()) return compiled;
  return refuse(fmt::format("\"{}\" is no regular expression: {}", expression, compiled->error()));
}

Result<Predicate> by_name(std::string_view value) {
  CONCLAVE_TRY_ASSIGN(const auto expression, compile(value));
  return [expression](const InterfaceAddress& one) {
    return re2::RE2::PartialMatch(one.name, *expression);
  };
}

Result<Predicate> by_address(std::string_view value) {
  CONCLAVE_TRY_ASSIGN(const auto expression, compile(value));
  return [expression](const InterfaceAddress& one) {
    return re2::RE2::PartialMatch(one.network.text(), *expression);
  };
}

/// Addresses of interfaces have no port: they count as 0.
Result<Predicate> by_port(std::string_view value) {
  CONCLAVE_TRY_ASSIGN(const auto expression, compile(value));
  return [expression](const InterfaceAddress&) { return re2::RE2::PartialMatch("0", *expression); };
}

Result<Predicate> in_network(const std::string& text) {
  const auto network = Network::parse(text);
  if (!network) return refuse(fmt::format("\"{}\" is no network such as 10.0.0.0/8", text));
  return [network = *network](const InterfaceAddress& one) {
    return network.contains(one.network.address);
  };
}

Result<Predicate> of_rfc(const std::string& text) {
  const auto number = parse_u64(text);
  if (!number || networks_of_rfc(*number).empty()) {
    return refuse(fmt::format("RFC \"{}\" names no networks that are known here", text));
  }
  return [number = *number](const InterfaceAddress& one) {
    return is_of_rfc(number, one.network.address);
  };
}

Result<Predicate> of_type(const std::string& text) {
  const std::string type = to_lower_ascii(text);
  if (type != "ip" && type != "ipv4" && type != "ipv6" && type != "unix") {
    return refuse(fmt::format("type \"{}\" must be ip, ipv4, ipv6 or unix", text));
  }
  return [type](const InterfaceAddress& one) {
    return type == "ip" || type == (one.network.address.v6 ? "ipv6" : "ipv4");
  };
}

Result<Predicate> of_size(std::string_view value) {
  const auto bits = parse_u64(value);
  if (!bits || *bits > 128) return refuse(fmt::format("size \"{}\" must be 0 to 128", value));
  return [bits = static_cast<int>(*bits)](const InterfaceAddress& one) {
    return one.network.prefix == bits;
  };
}

bool is_multicast(const IpAddress& ip) {
  return ip.v6 ? ip.bytes[0] == 0xFF : (ip.bytes[12] & 0xF0) == 0xE0;
}
bool is_link_local(const IpAddress& ip) {
  return Network::parse(ip.v6 ? "fe80::/10" : "169.254.0.0/16")->contains(ip);
}
bool is_loopback(const IpAddress& ip) {
  return Network::parse(ip.v6 ? "::1/128" : "127.0.0.0/8")->contains(ip);
}
bool is_unspecified(const IpAddress& ip) { return Network{ip, 0}.first() == ip; }

struct Flag {
  std::string_view name;
  bool (*holds)(const InterfaceAddress& one);
};

constexpr std::array<Flag, 12> flags = {{
    {"broadcast", [](const InterfaceAddress& one) { return one.broadcast; }},
    {"down", [](const InterfaceAddress& one) { return !one.up; }},
    {"forwardable",
     [](const InterfaceAddress& one) { return is_forwardable(one.network.address); }},
    {"global unicast",
     [](const InterfaceAddress& one) {
       const IpAddress& ip = one.network.address;
       return !is_multicast(ip) && !is_link_local(ip) && !is_loopback(ip) && !is_unspecified(ip) &&
              ip.text() != "255.255.255.255";
     }},
    {"interface-local multicast",
     [](const InterfaceAddress& one) {
       return one.network.address.v6 && Network::parse("ff01::/16")->contains(one.network.address);
     }},
    {"link-local multicast",
     [](const InterfaceAddress& one) {
       const IpAddress& ip = one.network.address;
       return Network::parse(ip.v6 ? "ff02::/16" : "224.0.0.0/24")->contains(ip);
     }},
    {"link-local unicast",
     [](const InterfaceAddress& one) { return is_link_local(one.network.address); }},
    {"loopback",
     [](const InterfaceAddress& one) { return one.loopback || is_loopback(one.network.address); }},
    {"multicast",
     [](const InterfaceAddress& one) {
       return one.multicast || is_multicast(one.network.address);
     }},
    {"point-to-point", [](const InterfaceAddress& one) { return one.point_to_point; }},
    {"unspecified",
     [](const InterfaceAddress& one) { return is_unspecified(one.network.address); }},
    {"up", [](const InterfaceAddress& one) { return one.up; }},
}};

Result<Predicate> with_flag(const std::string& text) {
  const auto* flag = std::ranges::find(flags, to_lower_ascii(text), &Flag::name);
  if (flag == flags.end()) return refuse(fmt::format("unknown interface flag: \"{}\"", text));
  return flag->holds;
}

Result<Predicate> selected(std::string_view selector, std::string_view value) {
  const std::string name = to_lower_ascii(selector);
  if (name == "name") return by_name(value);
  if (name == "address") return by_address(value);
  if (name == "port") return by_port(value);
  if (name == "size") return of_size(value);
  if (name == "network") return any_of(value, in_network);
  if (name == "type") return any_of(value, of_type);
  if (name == "rfc" || name == "rfcs") return any_of(value, of_rfc);
  if (name == "flag" || name == "flags") return any_of(value, with_flag);
  return refuse(
      fmt::format("unknown selector \"{}\": address, flags, name, network, port, rfc, "
                  "size and type are known",
                  selector));
}

}  // namespace

Result<Interfaces> filter(std::string_view selector, std::string_view value, bool wanted,
                          const Interfaces& list) {
  CONCLAVE_TRY_ASSIGN(const Predicate accepts, selected(selector, value));
  Interfaces kept;
  std::ranges::copy_if(list, std::back_inserter(kept),
                       [&](const InterfaceAddress& one) { return accepts(one) == wanted; });
  return kept;
}

}  // namespace conclave::cli::sockaddr
