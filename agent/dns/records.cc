#include "agent/dns/records.h"

#include <optional>

#include "agent/dns/name.h"
#include "base/core/bytes.h"
#include "base/core/text.h"

namespace conclave::dns {
namespace {

constexpr std::size_t txt_piece_max = 255;

/// `labels` below "<keyword>.<dc>.<domain>".
std::string target_of(std::string_view labels, std::string_view keyword, const Asked& asked,
                      const Zone& zone) {
  const auto front = name_from_text(labels);
  if (!front || front->size() == 1) return {};
  std::string name = front->substr(0, front->size() - 1);
  name += prepend_label(keyword, prepend_label(zone.datacenter, asked.domain));
  return is_name(name) ? name : std::string();
}

}  // namespace

bool wants_address(Type type) { return type == Type::a || type == Type::aaaa || type == Type::any; }

bool fits(Type type, std::string_view ip) {
  return type == Type::any || (type == Type::a && ip.size() == 4) ||
         (type == Type::aaaa && ip.size() == 16);
}

Record address_record(std::string owner, std::string_view ip, std::uint32_t ttl) {
  Record record;
  record.owner = std::move(owner);
  record.type = ip.size() == 4 ? Type::a : Type::aaaa;
  record.ttl = ttl;
  record.fixed = ip;
  return record;
}

Record name_record(std::string owner, Type type, std::uint32_t ttl, std::string target) {
  Record record;
  record.owner = std::move(owner);
  record.type = type;
  record.ttl = ttl;
  record.target = std::move(target);
  return record;
}

Record srv_record(std::string owner, std::uint32_t ttl, std::uint16_t weight, std::uint16_t port,
                  std::string target) {
  constexpr std::uint16_t priority = 1;
  Record record;
  record.owner = std::move(owner);
  record.type = Type::srv;
  record.ttl = ttl;
  append_u16_be(record.fixed, priority);
  append_u16_be(record.fixed, weight);
  append_u16_be(record.fixed, port);
  record.target = std::move(target);
  return record;
}

Record txt_record(std::string owner, std::uint32_t ttl, std::string_view text) {
  Record record;
  record.owner = std::move(owner);
  record.type = Type::txt;
  record.ttl = ttl;
  do {
    const std::string_view piece = text.substr(0, txt_piece_max);
    append_u8(record.fixed, static_cast<std::uint8_t>(piece.size()));
    record.fixed += piece;
    text.remove_prefix(piece.size());
  } while (!text.empty());
  return record;
}

Record soa_record(std::string_view domain, std::uint32_t serial, const DnsOptions::Soa& soa) {
  Record record;
  record.owner = domain;
  record.type = Type::soa;
  record.ttl = soa.min_ttl_s;
  record.target = prepend_label("ns", domain);
  record.second = prepend_label("hostmaster", domain);
  for (const std::uint32_t value :
       {serial, soa.refresh_s, soa.retry_s, soa.expire_s, soa.min_ttl_s}) {
    append_u32_be(record.rest, value);
  }
  return record;
}

std::string node_target(std::string_view node, const Asked& asked, const Zone& zone) {
  return target_of(node, "node", asked, zone);
}

std::string address_target(std::string_view ip, const Asked& asked, const Zone& zone) {
  return target_of(encode_hex(ip), "addr", asked, zone);
}

std::string service_target(std::string_view service, const Asked& asked, const Zone& zone) {
  return target_of(service, "service", asked, zone);
}

}  // namespace conclave::dns
