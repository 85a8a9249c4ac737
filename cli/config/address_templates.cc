#include "cli/config/address_templates.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <sstream>
#include <string>
#include <utility>

#include "cli/sockaddr/template.h"

namespace conclave::cli {
namespace {

using enum AddressCount;

constexpr AddressKey keys[] = {
    {"addresses.dns", some},
    {"addresses.grpc", some},
    {"addresses.grpc_tls", some},
    {"addresses.http", some},
    {"addresses.https", some},
    {"advertise_addr", one},
    {"advertise_addr_ipv4", one},
    {"advertise_addr_ipv6", one},
    {"advertise_addr_wan", one},
    {"advertise_addr_wan_ipv4", one},
    {"advertise_addr_wan_ipv6", one},
    {"bind_addr", one},
    {"client_addr", some},
    {"serf_lan", one},
    {"serf_wan", one},
};

TextList split_words(const std::string& text) {
  std::istringstream words(text);
  TextList list;
  for (std::string word; words >> word;) list.push_back(word);
  return list;
}

/// One value of one key.
class Expansion {
 public:
  Expansion(std::string place, AddressCount count, const sockaddr::Interfaces& interfaces)
      : place_(std::move(place)), count_(count), interfaces_(interfaces) {}

  Result<TextList> operator()(const std::string& text) const {
    const auto found = sockaddr::evaluate_template(text, interfaces_);
    if (!found) return refuse(text, found.error().message);
    TextList words = split_words(*found);
    if (words.empty()) return refuse(text, "no addresses found");
    if (count_ == one && words.size() > 1) {
      return refuse(text, fmt::format("multiple addresses found: {}", fmt::join(words, " ")));
    }
    return words;
  }

 private:
  std::unexpected<Error> refuse(const std::string& text, const std::string& why) const {
    return fail(ErrorCode::bad_request,
                fmt::format("{}: template \"{}\": {} (interfaces of this machine: {})", place_,
                            text, why, sockaddr::describe(interfaces_)));
  }

  std::string place_;
  AddressCount count_;
  const sockaddr::Interfaces& interfaces_;
};

/// Where a key was set, without the key: what Settings takes as the place of a new value.
std::string source_of(std::string_view path, const Settings& settings) {
  const std::string place = settings.place_of(path);
  return place.substr(0, place.size() - path.size() - 2);
}

}  // namespace

std::span<const AddressKey> address_keys() { return keys; }

Result<void> expand_addresses(const sockaddr::Interfaces& interfaces, Settings& settings) {
  for (const AddressKey& key : keys) {
    const std::string text = settings.text(key.path).value_or("");
    if (!sockaddr::is_template(text)) continue;
    const Expansion expand(settings.place_of(key.path), key.count, interfaces);
    CONCLAVE_TRY_ASSIGN(const TextList words, expand(text));
    CONCLAVE_TRY(settings.set_text(key.path, fmt::format("{}", fmt::join(words, " ")),
                                   source_of(key.path, settings)));
  }
  return {};
}

Result<void> expand_list(std::string_view path, const sockaddr::Interfaces& interfaces,
                         const Settings& settings, TextList& list) {
  const Expansion expand(settings.place_of(path), some, interfaces);
  TextList expanded;
  for (const std::string& text : list) {
    if (!sockaddr::is_template(text)) {
      expanded.push_back(text);
      continue;
    }
    CONCLAVE_TRY_ASSIGN(const TextList words, expand(text));
    expanded.insert(expanded.end(), words.begin(), words.end());
  }
  list = std::move(expanded);
  return {};
}

Result<void> expand_joins(const sockaddr::Interfaces& interfaces, const Settings& settings,
                          AgentConfig& config) {
  CONCLAVE_TRY(expand_list("start_join", interfaces, settings, config.start_join));
  return expand_list("retry_join", interfaces, settings, config.retry_join);
}

}  // namespace conclave::cli
