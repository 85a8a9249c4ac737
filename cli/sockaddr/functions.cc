#include "cli/sockaddr/functions.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/core/text.h"
#include "cli/sockaddr/arithmetic.h"
#include "cli/sockaddr/attributes.h"
#include "cli/sockaddr/filters.h"
#include "cli/sockaddr/order.h"
#include "cli/sockaddr/rfc_networks.h"

namespace conclave::cli::sockaddr {
namespace {

using Arguments = std::vector<Value>;
using Called = Result<Value>;

std::unexpected<Error> refuse(std::string message) {
  return fail(ErrorCode::bad_request, std::move(message));
}

const std::string& text_at(const Arguments& arguments, std::size_t i) {
  return std::get<std::string>(arguments[i]);
}
const Interfaces& list_in(const Arguments& arguments) {
  return std::get<Interfaces>(arguments.back());
}

Called as_value(Result<Interfaces> list) {
  if (!list) return std::unexpected(list.error());
  return Value(std::move(*list));
}
Called as_value(Result<std::string> text) {
  if (!text) return std::unexpected(text.error());
  return Value(std::move(*text));
}

std::string joined_addresses(const Interfaces& list) {
  std::string text;
  for (const InterfaceAddress& one : list) {
    text += (text.empty() ? "" : " ") + one.network.address.text();
  }
  return text;
}

std::string first_address(const Interfaces& list) {
  return list.empty() ? std::string() : list.front().network.address.text();
}

template <class Accepts>
Interfaces only(Interfaces list, Accepts accepts) {
  std::erase_if(list, [&](const InterfaceAddress& one) { return !accepts(one); });
  return list;
}

/// Forwardable addresses of interfaces that are up; those of the default route's interface first,
/// then IPv4, then large networks.
Interfaces reachable(const Interfaces& all, bool special) {
  const Interfaces found = only(all, [&](const InterfaceAddress& one) {
    const IpAddress& ip = one.network.address;
    return one.up && is_forwardable(ip) && is_special(ip) == special;
  });
  return *sorted("default,type,size", found);
}

/// As above, of all interfaces, wherever the default route is.
Interfaces everywhere(const Interfaces& all, bool special) {
  return only(*sorted("type,size", all), [&](const InterfaceAddress& one) {
    const IpAddress& ip = one.network.address;
    return is_special(ip) == special && (!special || is_forwardable(ip));
  });
}

Result<Interfaces> of_interface(const std::string& name, const Interfaces& all) {
  CONCLAVE_TRY_ASSIGN(const Interfaces named, filter("name", name, true, all));
  return sorted("type,size", named);
}

/// A number, or a text that is one.
Result<std::int64_t> number_of(const Value& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) return *number;
  if (const auto* text = std::get_if<std::string>(&value)) {
    if (const auto number = parse_i64(text->starts_with('+') ? text->substr(1) : *text)) {
      return *number;
    }
  }
  return refuse("its first argument must be a whole number");
}

enum class Kind : std::uint8_t { text, number, list };

struct Function {
  std::string_view name;
  std::vector<Kind> takes;
  Called (*call)(const Arguments& arguments, const Interfaces& all);
};

Called limit(const Arguments& arguments, const Interfaces&) {
  CONCLAVE_TRY_ASSIGN(const std::int64_t most, number_of(arguments[0]));
  if (most < 0) return refuse("its number must not be negative");
  Interfaces list = list_in(arguments);
  if (static_cast<std::size_t>(most) < list.size()) list.resize(static_cast<std::size_t>(most));
  return Value(std::move(list));
}

Called offset(const Arguments& arguments, const Interfaces&) {
  CONCLAVE_TRY_ASSIGN(const std::int64_t by, number_of(arguments[0]));
  const Interfaces& list = list_in(arguments);
  const auto size = static_cast<std::int64_t>(list.size());
  if (by > size || by < -size) {
    return refuse(fmt::format("offset {} is past the end: there are {} addresses", by, size));
  }
  return Value(Interfaces(by < 0 ? list.end() + by : list.begin() + by, list.end()));
}

Called attr(const Arguments& arguments, const Interfaces&) {
  const Interfaces& list = list_in(arguments);
  if (list.empty()) return Value(std::string());
  return as_value(attribute(text_at(arguments, 0), list.front()));
}

Called join(const Arguments& arguments, const Interfaces&) {
  std::string text;
  bool first = true;
  for (const InterfaceAddress& one : list_in(arguments)) {
    CONCLAVE_TRY_ASSIGN(const std::string part, attribute(text_at(arguments, 0), one));
    if (!std::exchange(first, false)) text += text_at(arguments, 1);
    text += part;
  }
  return Value(std::move(text));
}

Called math(const Arguments& arguments, const Interfaces&) {
  Interfaces list = list_in(arguments);
  for (InterfaceAddress& one : list) {
    CONCLAVE_TRY_ASSIGN(one.network,
                        calculate(text_at(arguments, 0), text_at(arguments, 1), one.network));
  }
  return Value(std::move(list));
}

const std::vector<Function>& functions() {
  using enum Kind;
  static const std::vector<Function> table = {
      {"Attr", {text, list}, attr},
      {"GetAllInterfaces", {}, [](const Arguments&, const Interfaces& all) { return Called(all); }},
      {"GetDefaultInterfaces",
       {},
       [](const Arguments&, const Interfaces& all) {
         return Called(only(all, [](const InterfaceAddress& one) { return one.default_route; }));
       }},
      {"GetInterfaceIP",
       {text},
       [](const Arguments& arguments, const Interfaces& all) {
         auto named = of_interface(text_at(arguments, 0), all);
         if (!named) return Called(std::unexpected(named.error()));
         return Called(first_address(only(*named, [](const InterfaceAddress& one) {
           return is_forwardable(one.network.address);
         })));
       }},
      {"GetInterfaceIPs",
       {text},
       [](const Arguments& arguments, const Interfaces& all) {
         auto named = of_interface(text_at(arguments, 0), all);
         if (!named) return Called(std::unexpected(named.error()));
         return Called(joined_addresses(*named));
       }},
      {"GetPrivateIP",
       {},
       [](const Arguments&, const Interfaces& all) {
         return Called(first_address(reachable(all, true)));
       }},
      {"GetPrivateIPs",
       {},
       [](const Arguments&, const Interfaces& all) {
         return Called(joined_addresses(everywhere(all, true)));
       }},
      {"GetPrivateInterfaces",
       {},
       [](const Arguments&, const Interfaces& all) { return Called(reachable(all, true)); }},
      {"GetPublicIP",
       {},
       [](const Arguments&, const Interfaces& all) {
         return Called(first_address(reachable(all, false)));
       }},
      {"GetPublicIPs",
       {},
       [](const Arguments&, const Interfaces& all) {
         return Called(joined_addresses(everywhere(all, false)));
       }},
      {"GetPublicInterfaces",
       {},
       [](const Arguments&, const Interfaces& all) { return Called(reachable(all, false)); }},
      {"attr", {text, list}, attr},
      {"exclude",
       {text, text, list},
       [](const Arguments& arguments, const Interfaces&) {
         return as_value(
             filter(text_at(arguments, 0), text_at(arguments, 1), false, list_in(arguments)));
       }},
      {"include",
       {text, text, list},
       [](const Arguments& arguments, const Interfaces&) {
         return as_value(
             filter(text_at(arguments, 0), text_at(arguments, 1), true, list_in(arguments)));
       }},
      {"join", {text, text, list}, join},
      {"limit", {number, list}, limit},
      {"math", {text, text, list}, math},
      {"offset", {number, list}, offset},
      {"sort",
       {text, list},
       [](const Arguments& arguments, const Interfaces&) {
         return as_value(sorted(text_at(arguments, 0), list_in(arguments)));
       }},
      {"unique",
       {text, list},
       [](const Arguments& arguments, const Interfaces&) {
         return as_value(unique(text_at(arguments, 0), list_in(arguments)));
       }},
  };
  return table;
}

bool fits(const Value& value, Kind kind) {
  if (kind == Kind::list) return std::holds_alternative<Interfaces>(value);
  if (kind == Kind::text) return std::holds_alternative<std::string>(value);
  return !std::holds_alternative<Interfaces>(value);
}

std::string signature(const Function& function) {
  constexpr std::array<std::string_view, 3> names = {"a text", "a number", "a list of addresses"};
  if (function.takes.empty()) return "no arguments";
  std::string text;
  for (const Kind kind : function.takes) {
    text += (text.empty() ? "" : ", ") + std::string(names[static_cast<std::size_t>(kind)]);
  }
  return text;
}

}  // namespace

Result<Value> call_function(std::string_view name, const std::vector<Value>& arguments,
                            const Interfaces& all) {
  const auto at = std::ranges::find(functions(), name, &Function::name);
  if (at == functions().end()) {
    std::string names;
    for (const Function& known : functions()) {
      names += (names.empty() ? "" : ", ") + std::string(known.name);
    }
    return refuse(fmt::format("function \"{}\" not defined; there are {}", name, names));
  }
  bool matches = arguments.size() == at->takes.size();
  for (std::size_t i = 0; matches && i < arguments.size(); ++i) {
    matches = fits(arguments[i], at->takes[i]);
  }
  if (!matches) return refuse(fmt::format("{} takes {}", name, signature(*at)));
  auto result = at->call(arguments, all);
  if (!result) return fail(name, result.error());
  return result;
}

}  // namespace conclave::cli::sockaddr
