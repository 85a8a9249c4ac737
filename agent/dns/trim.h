#pragma once

/// Making a reply fit (contract 15.2, limits). Pure.

#include <cstddef>
#include <cstdint>
#include <string>

#include "agent/dns/message.h"
#include "agent/dns/options.h"

namespace conclave::dns {

enum class Transport : std::uint8_t { udp, tcp };

/// Bytes that a reply may have.
std::size_t reply_bytes_max(const Query& query, Transport transport);
/// The most records that an answer to it could be left with, and one more: then it is known that
/// something was left out.
std::size_t answers_worth_having(const Query& query, Transport transport,
                                 const DnsOptions& options);

/// Leaves out whole records from the end of the answer, and what belonged to them, until the reply
/// may be sent; the bytes to send. Without EDNS the bytes are counted as if nothing were
/// compressed, as Consul does.
std::string encode_trimmed(const Query& query, Reply reply, Transport transport,
                           const DnsOptions& options);

}  // namespace conclave::dns
