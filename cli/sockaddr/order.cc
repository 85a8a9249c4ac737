#include "cli/sockaddr/order.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <compare>
#include <string>
#include <utility>
#include <vector>

#include "base/core/text.h"
#include "cli/sockaddr/rfc_networks.h"

namespace conclave::cli::sockaddr {
namespace {

using Comparison = std::strong_ordering (*)(const InterfaceAddress&, const InterfaceAddress&);

/// true sorts first.
std::strong_ordering true_first(bool a, bool b) { return b <=> a; }

std::strong_ordering by_type(const InterfaceAddress& a, const InterfaceAddress& b) {
  return a.network.address.v6 <=> b.network.address.v6;
}

struct Clause {
  std::string_view name;
  Comparison compare;
};

constexpr std::array<Clause, 7> known = {{
    {"address",
     [](const InterfaceAddress& a, const InterfaceAddress& b) {
       if (by_type(a, b) != 0) return std::strong_ordering::equal;
       return a.network.address <=> b.network.address;
     }},
    {"default",
     [](const InterfaceAddress& a, const InterfaceAddress& b) {
       return true_first(a.default_route, b.default_route);
     }},
    {"name",
     [](const InterfaceAddress& a, const InterfaceAddress& b) { return a.name <=> b.name; }},
    {"port",
     [](const InterfaceAddress&, const InterfaceAddress&) { return std::strong_ordering::equal; }},
    {"private",
     [](const InterfaceAddress& a, const InterfaceAddress& b) {
       return true_first(is_special(a.network.address), is_special(b.network.address));
     }},
    {"size",
     [](const InterfaceAddress& a, const InterfaceAddress& b) {
       const auto type = by_type(a, b);
       return type != 0 ? type : a.network.prefix <=> b.network.prefix;
     }},
    {"type", by_type},
}};

struct Chosen {
  Comparison compare;
  bool descending;
};

Result<std::vector<Chosen>> read_clauses(std::string_view clauses) {
  std::vector<Chosen> chosen;
  for (;;) {
    const auto comma = clauses.find(',');
    const std::string clause = to_lower_ascii(trim_spaces(clauses.substr(0, comma)));
    const bool signed_clause = clause.starts_with('+') || clause.starts_with('-');
    const auto* at = std::ranges::find(
        known, std::string_view(clause).substr(signed_clause ? 1 : 0), &Clause::name);
    if (at == known.end()) {
      return fail(ErrorCode::bad_request,
                  fmt::format("unknown sort type \"{}\": address, default, name, port, private, "
                              "size and type are known",
                              clause));
    }
    chosen.push_back({at->compare, clause.starts_with('-')});
    if (comma == std::string_view::npos) return chosen;
    clauses.remove_prefix(comma + 1);
  }
}

}  // namespace

Result<Interfaces> sorted(std::string_view clauses, Interfaces list) {
  CONCLAVE_TRY_ASSIGN(const std::vector<Chosen> chosen, read_clauses(clauses));
  auto before = [&](const InterfaceAddress& a, const InterfaceAddress& b) {
    for (const Chosen& clause : chosen) {
      const auto order = clause.descending ? clause.compare(b, a) : clause.compare(a, b);
      if (order != 0) return order < 0;
    }
    return false;
  };
  // Each behind those that it does not precede: lists are short, and equal ones keep their order.
  Interfaces done;
  for (InterfaceAddress& one : list) {
    done.insert(std::ranges::upper_bound(done, one, before), std::move(one));
  }
  return done;
}

Result<Interfaces> unique(std::string_view attribute, const Interfaces& list) {
  const std::string name = to_lower_ascii(attribute);
  if (name != "address" && name != "name") {
    return fail(ErrorCode::bad_request,
                fmt::format("unique by \"{}\": address and name are known", attribute));
  }
  auto key = [&](const InterfaceAddress& one) {
    return name == "name" ? one.name : one.network.text();
  };
  Interfaces kept;
  for (const InterfaceAddress& one : list) {
    if (kept.empty() || key(kept.back()) != key(one)) kept.push_back(one);
  }
  return kept;
}

}  // namespace conclave::cli::sockaddr
