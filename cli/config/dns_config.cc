#include "cli/config/dns_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "agent/dns/recursor.h"
#include "base/core/duration.h"
#include "base/core/text.h"
#include "cli/config/address_templates.h"

namespace conclave::cli {
namespace {

std::unexpected<Error> refuse(std::string message) {
  return fail(ErrorCode::bad_request, std::move(message));
}

Result<void> read_number(const Settings& settings, std::string_view path, std::uint32_t& out) {
  const auto number = settings.integer(path);
  if (!number) return {};
  if (*number < 0 || *number > INT32_MAX) {
    return refuse(fmt::format("{} cannot be {}: it must be 0 to {}", settings.place_of(path),
                              *number, INT32_MAX));
  }
  out = static_cast<std::uint32_t>(*number);
  return {};
}

/// A TTL is told in whole seconds.
Result<std::uint32_t> to_seconds(const std::string& place, Nanos duration) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration).count();
  if (seconds < 0 || seconds > INT32_MAX) {
    return refuse(fmt::format("{}: {} is not a time to live", place, format_duration(duration)));
  }
  return static_cast<std::uint32_t>(seconds);
}

Result<void> read_ttls(const Settings& settings, dns::DnsOptions& options) {
  CONCLAVE_TRY_ASSIGN(const auto node_ttl, settings.duration("dns_config.node_ttl"));
  if (node_ttl) {
    CONCLAVE_TRY_ASSIGN(options.node_ttl_s,
                        to_seconds(settings.place_of("dns_config.node_ttl"), *node_ttl));
  }
  const std::string place = settings.place_of("dns_config.service_ttl");
  for (const auto& [service, text] : settings.text_map("dns_config.service_ttl")) {
    const auto ttl = parse_duration(text);
    if (!ttl) return refuse(fmt::format("{}[{}]: {}", place, service, ttl.error().message));
    CONCLAVE_TRY_ASSIGN(options.service_ttl_s[to_lower_ascii(service)], to_seconds(place, *ttl));
  }
  return {};
}

/// Labels of 1 to 63 letters, digits, "-" and "_".
bool is_domain(std::string_view text) {
  if (text.ends_with('.')) text.remove_suffix(1);
  std::size_t label = 0;
  for (const char c : text) {
    if (c == '.') {
      if (label == 0) return false;
      label = 0;
    } else if ((std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '-' && c != '_') ||
               ++label > 63) {
      return false;
    }
  }
  return label > 0 && text.size() <= 200;
}

Result<void> read_domains(const Settings& settings, dns::DnsOptions& options) {
  if (const auto domain = settings.text("domain"); domain && !domain->empty()) {
    options.domain = *domain;
  }
  options.alt_domain = settings.text("alt_domain").value_or("");
  for (const auto& [path, domain] :
       {std::pair("domain", &options.domain), std::pair("alt_domain", &options.alt_domain)}) {
    if (domain->empty() || is_domain(*domain)) continue;
    return refuse(fmt::format("{}: \"{}\" is not a domain name", settings.place_of(path), *domain));
  }
  constexpr std::array<std::string_view, 6> keywords = {"service", "connect", "node",
                                                        "query",   "addr",    "virtual"};
  const std::string lower = to_lower_ascii(options.alt_domain);
  const std::string_view first = std::string_view(lower).substr(0, lower.find('.'));
  if (std::ranges::find(keywords, first) != keywords.end() || first == options.datacenter) {
    return refuse(fmt::format("{} cannot start with \"{}\", which means something in names",
                              settings.place_of("alt_domain"), first));
  }
  return {};
}

Result<void> read_recursors(const Settings& settings, const sockaddr::Interfaces& interfaces,
                            dns::DnsOptions& options) {
  TextList recursors = settings.text_list("recursors");
  CONCLAVE_TRY(expand_list("recursors", interfaces, settings, recursors));
  for (const std::string& recursor : recursors) {
    auto address = dns::recursor_address(recursor);
    if (!address) return fail(settings.place_of("recursors"), address.error());
    options.recursors.push_back(std::move(*address));
  }
  const std::string path = "dns_config.recursor_strategy";
  const std::string strategy = settings.text(path).value_or("sequential");
  if (strategy == "random") {
    options.recursor_strategy = dns::RecursorStrategy::random;
  } else if (strategy != "sequential" && !strategy.empty()) {
    return refuse(
        fmt::format("{}: invalid strategy: \"{}\" (it must be \"sequential\" or "
                    "\"random\")",
                    settings.place_of(path), strategy));
  }
  return {};
}

Result<void> read_waits(const Settings& settings, dns::DnsOptions& options) {
  CONCLAVE_TRY_ASSIGN(const auto stale, settings.duration("dns_config.max_stale"));
  options.max_stale = stale.value_or(options.max_stale);
  CONCLAVE_TRY_ASSIGN(const auto wait, settings.duration("dns_config.recursor_timeout"));
  options.recursor_timeout = wait.value_or(options.recursor_timeout);
  if (options.max_stale < Nanos{} || options.recursor_timeout <= Nanos{}) {
    return refuse("dns_config: max_stale must not be negative, recursor_timeout must be positive");
  }
  return {};
}

}  // namespace

Result<void> fill_dns(const Settings& settings, const sockaddr::Interfaces& interfaces,
                      AgentConfig& config) {
  dns::DnsOptions& options = config.dns;
  options.datacenter = config.datacenter;
  const auto flag = [&](std::string_view path, bool& out) {
    out = settings.boolean(path).value_or(out);
  };
  flag("dns_config.allow_stale", options.allow_stale);
  flag("dns_config.only_passing", options.only_passing);
  flag("dns_config.enable_truncate", options.enable_truncate);
  flag("dns_config.disable_compression", options.disable_compression);
  flag("dns_config.node_meta_txt", options.node_meta_txt);
  // Its other name.
  flag("dns_config.enable_additional_node_meta_txt", options.node_meta_txt);
  CONCLAVE_TRY(read_number(settings, "dns_config.a_record_limit", options.a_record_limit));
  CONCLAVE_TRY(read_number(settings, "dns_config.udp_answer_limit", options.udp_answer_limit));
  CONCLAVE_TRY(read_number(settings, "dns_config.soa.refresh", options.soa.refresh_s));
  CONCLAVE_TRY(read_number(settings, "dns_config.soa.retry", options.soa.retry_s));
  CONCLAVE_TRY(read_number(settings, "dns_config.soa.expire", options.soa.expire_s));
  CONCLAVE_TRY(read_number(settings, "dns_config.soa.min_ttl", options.soa.min_ttl_s));
  CONCLAVE_TRY(read_ttls(settings, options));
  CONCLAVE_TRY(read_domains(settings, options));
  CONCLAVE_TRY(read_waits(settings, options));
  return read_recursors(settings, interfaces, options);
}

}  // namespace conclave::cli
