#include "agent/dns/question.h"

#include <algorithm>
#include <array>
#include <vector>

#include "agent/dns/name.h"
#include "base/core/text.h"

namespace conclave::dns {
namespace {

using Labels = std::vector<std::string>;

/// Consul's own services are looked up for NS records.
constexpr std::string_view server_service = "consul";

constexpr std::array<std::string_view, 7> keywords = {"service", "connect", "virtual", "ingress",
                                                      "node",    "query",   "addr"};

Labels lower_labels(std::string_view name) {
  Labels labels;
  for (const std::string_view label : labels_of(name)) labels.push_back(to_lower_ascii(label));
  return labels;
}

std::string join(const Labels& labels, std::size_t begin, std::size_t end) {
  std::string text;
  for (std::size_t i = begin; i < end; ++i) {
    if (i > begin) text += '.';
    text += labels[i];
  }
  return text;
}

/// What may stand between keyword and domain: nothing, this datacenter, or pairs like "dc1.dc".
bool is_here(const Labels& labels, std::size_t begin, const std::string& datacenter) {
  const std::size_t count = labels.size() - begin;
  if (count == 0) return true;
  if (count == 1) return labels[begin] == datacenter;
  if (count % 2 != 0) return false;
  for (std::size_t i = begin; i < labels.size(); i += 2) {
    const std::string& kind = labels[i + 1];
    const bool known = (kind == "dc" && labels[i] == datacenter) ||
                       ((kind == "ns" || kind == "ap") && labels[i] == "default");
    if (!known) return false;
  }
  return true;
}

bool is_rfc2782(const Labels& labels, std::size_t count) {
  return count == 2 && labels[0].starts_with('_') && labels[1].starts_with('_');
}

void read_service(const Labels& labels, std::size_t count, Asked& asked) {
  if (count == 0) return;
  asked.kind = Asked::Kind::service;
  if (is_rfc2782(labels, count)) {
    asked.name = labels[0].substr(1);
    if (labels[1] != "_tcp") asked.tag = labels[1].substr(1);
    return;
  }
  asked.name = labels[count - 1];
  asked.tag = join(labels, 0, count - 1);
}

void read_prepared_query(const Labels& labels, std::size_t count, Asked& asked) {
  if (count == 0) return;
  asked.kind = Asked::Kind::query;
  const bool rfc2782 =
      count >= 2 && labels[0].starts_with('_') && labels[count - 1].starts_with('_');
  asked.name = rfc2782 ? join(labels, 0, count - 1).substr(1) : join(labels, 0, count);
}

void read_address(const Labels& labels, std::size_t count, Asked& asked) {
  if (count != 1) return;
  const auto bytes = decode_hex(labels[0]);
  if (!bytes || (bytes->size() != 4 && bytes->size() != 16)) return;
  asked.kind = Asked::Kind::address;
  asked.address = *bytes;
  asked.name = address_from_bytes(*bytes);
}

/// "4.3.2.1.in-addr.arpa", or 32 nibbles before "ip6.arpa".
void read_reverse(const Labels& labels, Asked& asked) {
  const std::size_t count = labels.size();
  if (count < 2 || labels[count - 1] != "arpa") return;
  std::string bytes;
  if (labels[count - 2] == "in-addr" && count == 6) {
    for (std::size_t i = 4; i-- > 0;) {
      const auto number = parse_u64(labels[i]);
      if (!number || *number > 255) return;
      bytes += static_cast<char>(*number);
    }
  } else if (labels[count - 2] == "ip6" && count == 34) {
    std::string hex;
    for (std::size_t i = 32; i-- > 0;) hex += labels[i];
    const auto decoded = decode_hex(hex);
    if (!decoded || decoded->size() != 16) return;
    bytes = *decoded;
  } else {
    return;
  }
  asked.kind = Asked::Kind::reverse;
  asked.address = bytes;
  asked.name = address_from_bytes(bytes);
}

void read_ours(const Labels& labels, Type type, const std::string& datacenter, Asked& asked) {
  for (std::size_t i = labels.size(); i-- > 0;) {
    const std::string& label = labels[i];
    if (std::ranges::find(keywords, label) != keywords.end()) {
      if (!is_here(labels, i + 1, datacenter)) return;
      if (label == "service") read_service(labels, i, asked);
      if (label == "node" && i > 0) {
        asked.kind = Asked::Kind::node;
        asked.name = join(labels, 0, i);
      }
      if (label == "query") read_prepared_query(labels, i, asked);
      if (label == "addr") read_address(labels, i, asked);
      return;
    }
    // RFC 2782 without the word "service".
    if (type == Type::srv && label.starts_with('_')) {
      if (is_here(labels, i + 1, datacenter)) read_service(labels, i + 1, asked);
      return;
    }
  }
}

}  // namespace

std::optional<Zone> Zone::from(const DnsOptions& options) {
  auto domain = name_from_text(options.domain);
  if (!domain || domain->size() == 1) return std::nullopt;
  Zone zone{.domain = std::move(*domain),
            .alt_domain = std::nullopt,
            .datacenter = to_lower_ascii(options.datacenter)};
  if (!options.alt_domain.empty()) {
    zone.alt_domain = name_from_text(options.alt_domain);
    if (!zone.alt_domain || zone.alt_domain->size() == 1) return std::nullopt;
  }
  return zone;
}

Asked read_question(const Query& query, const Zone& zone) {
  Asked asked;
  auto at = find_domain(query.name, zone.domain);
  if (zone.alt_domain) {
    // One may lie below the other: the longer one is meant.
    const auto other = find_domain(query.name, *zone.alt_domain);
    if (!at || (other && *other < *at)) at = other;
  }
  if (!at) {
    if (query.type == Type::ptr || query.type == Type::any) {
      read_reverse(lower_labels(query.name), asked);
      // Answered under the domain that comes first.
      asked.domain = zone.domain;
    }
    return asked;
  }
  asked.domain = query.name.substr(*at);
  asked.kind = Asked::Kind::nothing;
  switch (query.type) {
    case Type::soa:
    case Type::ns:
      asked.kind = Asked::Kind::zone;
      asked.name = server_service;
      return asked;
    case Type::axfr:
    case Type::ixfr:
      asked.kind = Asked::Kind::transfer;
      return asked;
    default:
      break;
  }
  std::string before = query.name.substr(0, *at);
  before += '\0';
  read_ours(lower_labels(before), query.type, zone.datacenter, asked);
  return asked;
}

std::optional<Subject> subject_of(const Asked& asked) {
  switch (asked.kind) {
    case Asked::Kind::zone:
    case Asked::Kind::service:
      return Subject{Subject::Kind::service, asked.name};
    case Asked::Kind::node:
      return Subject{Subject::Kind::node, asked.name};
    case Asked::Kind::query:
      return Subject{Subject::Kind::query, asked.name};
    case Asked::Kind::reverse:
      return Subject{Subject::Kind::owner, asked.name};
    case Asked::Kind::outside:
    case Asked::Kind::nothing:
    case Asked::Kind::transfer:
    case Asked::Kind::address:
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace conclave::dns
