#include <arpa/inet.h>

#include <algorithm>

#include "agent/dns/message.h"
#include "agent/dns/name.h"
#include "base/core/bytes.h"

namespace conclave::dns {
namespace {

constexpr std::uint16_t is_reply_bit = 0x8000;
constexpr std::uint16_t truncated_bit = 0x0200;
constexpr std::uint16_t recursion_desired_bit = 0x0100;
constexpr std::uint16_t checking_disabled_bit = 0x0010;
constexpr std::uint16_t client_subnet_option = 8;
/// Pointers are followed backwards only, and no more of them than a name can have labels.
constexpr int pointers_max = 128;
/// Of a foreign reply; more of them help nobody.
constexpr std::size_t foreign_records_max = 64;

struct Header {
  std::uint16_t id = 0;
  std::uint16_t flags = 0;
  std::uint16_t counts[4] = {};
};

/// A message with the place up to which it was read.
class MessageReader {
 public:
  explicit MessageReader(std::string_view message) : message_(message) {}

  bool ok() const { return ok_; }
  std::size_t at() const { return at_; }

  std::string_view take(std::size_t size) {
    if (!ok_ || size > message_.size() - at_) {
      ok_ = false;
      return {};
    }
    at_ += size;
    return message_.substr(at_ - size, size);
  }
  std::uint16_t u16() {
    const std::string_view bytes = take(2);
    if (bytes.empty()) return 0;
    return static_cast<std::uint16_t>(static_cast<unsigned char>(bytes[0]) << 8 |
                                      static_cast<unsigned char>(bytes[1]));
  }
  std::uint32_t u32() {
    const std::string_view bytes = take(4);
    return bytes.empty() ? 0 : load_u32_be(bytes.data());
  }
  Header header() {
    Header header{.id = u16(), .flags = u16()};
    for (std::uint16_t& count : header.counts) count = u16();
    return header;
  }
  /// A name with its pointers resolved.
  std::string name() {
    std::string name;
    std::size_t from = at_;
    bool jumped = false;
    for (int pointers = 0; ok_;) {
      if (from >= message_.size()) break;
      const auto size = static_cast<unsigned char>(message_[from]);
      if ((size & 0xc0) == 0xc0) {
        if (from + 1 >= message_.size()) break;
        const std::size_t to = (size & 0x3fu) << 8 | static_cast<unsigned char>(message_[from + 1]);
        if (!jumped) at_ = from + 2;
        jumped = true;
        if (to >= from || ++pointers > pointers_max) break;
        from = to;
        continue;
      }
      if (size > label_bytes_max || size + 1u > message_.size() - from) break;
      name += message_.substr(from, size + 1u);
      if (name.size() > name_bytes_max) break;
      from += size + 1u;
      if (size > 0) continue;
      if (!jumped) at_ = from;
      return name;
    }
    ok_ = false;
    return {};
  }

 private:
  std::string_view message_;
  std::size_t at_ = 0;
  bool ok_ = true;
};

std::optional<ClientSubnet> parse_subnet(std::string_view data) {
  ByteReader reader(data);
  ClientSubnet subnet;
  subnet.family = reader.u16_be();
  subnet.source_bits = reader.u8();
  subnet.scope_bits = reader.u8();
  const std::size_t bits_max = subnet.family == 1 ? 32 : 128;
  if (!reader.ok() || (subnet.family != 1 && subnet.family != 2) || subnet.source_bits > bits_max ||
      reader.rest().size() != (subnet.source_bits + 7u) / 8) {
    return std::nullopt;
  }
  subnet.address = reader.rest();
  return subnet;
}

/// The OPT record, whose name has been read; false when it is broken.
bool parse_edns(MessageReader& reader, Edns& edns) {
  edns.udp_bytes = std::max(reader.u16(), plain_udp_bytes);
  const std::uint32_t flags = reader.u32();
  edns.version = static_cast<std::uint8_t>(flags >> 16);
  edns.dnssec_ok = (flags & 0x8000) != 0;
  ByteReader options(reader.take(reader.u16()));
  while (reader.ok() && options.ok() && !options.at_end()) {
    const std::uint16_t code = options.u16_be();
    const std::string_view data = options.take(options.u16_be());
    if (!options.ok()) return false;
    if (code != client_subnet_option) continue;
    edns.subnet = parse_subnet(data);
    if (!edns.subnet) return false;
  }
  return reader.ok() && options.ok();
}

/// Everything after the question; of it only EDNS counts.
bool parse_rest(MessageReader& reader, std::size_t records, Query& query) {
  for (std::size_t n = 0; n < records; ++n) {
    const std::string owner = reader.name();
    const auto type = static_cast<Type>(reader.u16());
    if (!reader.ok()) return false;
    if (type != Type::opt) {
      reader.take(6);
      reader.take(reader.u16());
      if (!reader.ok()) return false;
      continue;
    }
    if (owner.size() != 1 || query.edns) return false;
    if (!parse_edns(reader, query.edns.emplace())) return false;
  }
  return true;
}

}  // namespace

std::expected<Query, Unreadable> parse_query(std::string_view message) {
  MessageReader reader(message);
  const Header header = reader.header();
  Unreadable unreadable{.id = header.id, .rcode = std::nullopt};
  if (!reader.ok() || (header.flags & is_reply_bit) != 0) return std::unexpected(unreadable);
  unreadable.opcode = header.flags >> 11 & 15;
  unreadable.recursion_desired = (header.flags & recursion_desired_bit) != 0;
  if (unreadable.opcode != 0) {
    unreadable.rcode = Rcode::not_implemented;
    return std::unexpected(unreadable);
  }
  unreadable.rcode = Rcode::format_error;
  if (header.counts[0] != 1) return std::unexpected(unreadable);
  Query query;
  query.id = header.id;
  query.recursion_desired = unreadable.recursion_desired;
  query.checking_disabled = (header.flags & checking_disabled_bit) != 0;
  query.name = reader.name();
  query.type = static_cast<Type>(reader.u16());
  query.record_class = reader.u16();
  const std::size_t others = std::size_t{header.counts[1]} + header.counts[2] + header.counts[3];
  if (!reader.ok() || !parse_rest(reader, others, query)) return std::unexpected(unreadable);
  return query;
}

std::optional<ForeignReply> parse_reply(std::string_view message) {
  MessageReader reader(message);
  const Header header = reader.header();
  if (!reader.ok() || (header.flags & is_reply_bit) == 0 || header.counts[0] != 1) {
    return std::nullopt;
  }
  ForeignReply reply;
  reply.id = header.id;
  reply.rcode = static_cast<Rcode>(header.flags & 15);
  reply.truncated = (header.flags & truncated_bit) != 0;
  reply.name = reader.name();
  reply.type = static_cast<Type>(reader.u16());
  reply.record_class = reader.u16();
  if (!reader.ok()) return std::nullopt;
  for (std::size_t n = 0; n < header.counts[1] && reply.answer.size() < foreign_records_max; ++n) {
    Record record;
    record.owner = reader.name();
    record.type = static_cast<Type>(reader.u16());
    const std::uint16_t record_class = reader.u16();
    record.ttl = reader.u32();
    const std::uint16_t size = reader.u16();
    const std::size_t begin = reader.at();
    if (record.type == Type::cname) {
      record.target = reader.name();
      if (reader.at() != begin + size) return std::nullopt;
    } else {
      record.fixed = reader.take(size);
    }
    // What was cut off is no reason to give up what is whole.
    if (!reader.ok()) return reply.truncated ? std::optional(std::move(reply)) : std::nullopt;
    const bool address =
        (record.type == Type::a && size == 4) || (record.type == Type::aaaa && size == 16);
    if (record_class != 1 || (!address && record.type != Type::cname)) continue;
    reply.answer.push_back(std::move(record));
  }
  return reply;
}

std::string address_from_bytes(std::string_view bytes) {
  char text[INET6_ADDRSTRLEN] = "";
  if (bytes.size() == 4) inet_ntop(AF_INET, bytes.data(), text, sizeof text);
  if (bytes.size() == 16) inet_ntop(AF_INET6, bytes.data(), text, sizeof text);
  return text;
}

}  // namespace conclave::dns
