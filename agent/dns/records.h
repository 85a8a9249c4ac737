#pragma once

/// The records that answers are made of. Pure.

#include <cstdint>
#include <string>
#include <string_view>

#include "agent/dns/directory.h"
#include "agent/dns/message.h"
#include "agent/dns/options.h"
#include "agent/dns/question.h"

namespace conclave::dns {

bool wants_address(Type type);
/// Whether an address of 4 or 16 bytes answers a question of that type.
bool fits(Type type, std::string_view ip);

/// A or AAAA.
Record address_record(std::string owner, std::string_view ip, std::uint32_t ttl);
/// CNAME, NS or PTR.
Record name_record(std::string owner, Type type, std::uint32_t ttl, std::string target);
Record srv_record(std::string owner, std::uint32_t ttl, std::uint16_t weight, std::uint16_t port,
                  std::string target);
Record txt_record(std::string owner, std::uint32_t ttl, std::string_view text);
Record soa_record(std::string_view domain, std::uint32_t serial, const DnsOptions::Soa& soa);

/// "<node>.node.<dc>.<domain>"; "" when that cannot be a name.
std::string node_target(std::string_view node, const Asked& asked, const Zone& zone);
/// "<hex of the address>.addr.<dc>.<domain>".
std::string address_target(std::string_view ip, const Asked& asked, const Zone& zone);
/// "<service>.service.<dc>.<domain>"; "" when that cannot be a name.
std::string service_target(std::string_view service, const Asked& asked, const Zone& zone);

}  // namespace conclave::dns
