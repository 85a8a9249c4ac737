#include "agent/dns/trim.h"

#include <algorithm>
#include <map>
#include <string_view>

namespace conclave::dns {
namespace {

constexpr std::size_t message_bytes_max = 65535;
/// What fits into a datagram beside the headers of IP and UDP.
constexpr std::size_t datagram_bytes_max = 65535 - 48;
/// The smallest record with an address: a pointer as its name.
constexpr std::size_t record_bytes_min = 16;
constexpr std::size_t header_bytes = 12;
constexpr std::size_t edns_bytes = 11;

bool is_plain(const Query& query, Transport transport) {
  return transport == Transport::udp && (!query.edns || query.edns->udp_bytes <= plain_udp_bytes);
}

std::size_t plain_answers_max(const DnsOptions& options) {
  return std::min(options.udp_answer_limit, udp_answers_max);
}

std::size_t uncompressed_size(const Query& query, const Reply& reply) {
  std::size_t size = header_bytes + query.name.size() + 4;
  if (reply.edns) size += edns_bytes;
  for (const auto* section : {&reply.answer, &reply.authority, &reply.additional}) {
    for (const Record& record : *section) size += record.size_max();
  }
  return size;
}

/// The reply with its first `count` answers, and the additional records that belong to them.
Reply with_answers(const Query& query, const Reply& reply, std::size_t count) {
  Reply shorter = reply;
  if (count == reply.answer.size()) return shorter;
  shorter.answer.resize(count);
  std::map<std::string_view, std::size_t> addresses_left;
  for (const Record& record : shorter.answer) ++addresses_left[record.target];
  std::erase_if(shorter.additional, [&](const Record& record) {
    const auto left = addresses_left.find(record.owner);
    if (left == addresses_left.end()) return record.owner != query.name;
    if (record.type != Type::a && record.type != Type::aaaa) return false;
    if (left->second == 0) return true;
    --left->second;
    return false;
  });
  return shorter;
}

struct Fitting {
  const Query& query;
  const DnsOptions& options;
  bool plain;
  std::size_t bytes_max;

  std::string encode(const Reply& reply) const {
    return encode_reply(query, reply, !options.disable_compression);
  }
  bool fits(const Reply& reply) const {
    if (plain) return uncompressed_size(query, reply) <= bytes_max;
    return encode(reply).size() <= bytes_max;
  }
};

}  // namespace

std::size_t reply_bytes_max(const Query& query, Transport transport) {
  if (transport == Transport::tcp) return message_bytes_max;
  if (!query.edns) return plain_udp_bytes;
  return std::clamp<std::size_t>(query.edns->udp_bytes, plain_udp_bytes, datagram_bytes_max);
}

std::size_t answers_worth_having(const Query& query, Transport transport,
                                 const DnsOptions& options) {
  if (is_plain(query, transport)) return plain_answers_max(options) + 1;
  return reply_bytes_max(query, transport) / record_bytes_min + 1;
}

std::string encode_trimmed(const Query& query, Reply reply, Transport transport,
                           const DnsOptions& options) {
  const Fitting fitting{query, options, is_plain(query, transport),
                        reply_bytes_max(query, transport)};
  const std::size_t all = reply.answer.size();
  if (fitting.plain && all > plain_answers_max(options)) {
    reply = with_answers(query, reply, plain_answers_max(options));
  }
  // Nearly always it fits as it is.
  if (uncompressed_size(query, reply) > fitting.bytes_max && !fitting.fits(reply)) {
    std::size_t fitting_count = 0;
    std::size_t too_many = reply.answer.size();
    while (too_many - fitting_count > 1) {
      const std::size_t middle = fitting_count + (too_many - fitting_count) / 2;
      (fitting.fits(with_answers(query, reply, middle)) ? fitting_count : too_many) = middle;
    }
    // One answer without company is better than none.
    Reply shorter = with_answers(query, reply, std::max<std::size_t>(fitting_count, 1));
    if (!fitting.fits(shorter)) shorter.additional.clear();
    if (!fitting.fits(shorter)) shorter.answer.clear();
    reply = std::move(shorter);
  }
  reply.truncated = reply.truncated || (options.enable_truncate && reply.answer.size() < all);
  return fitting.encode(reply);
}

}  // namespace conclave::dns
