#include "agent/dns/message.h"
#include "agent/dns/name.h"
#include "base/core/bytes.h"

namespace conclave::dns {
namespace {

/// Pointers have 14 bits.
constexpr std::size_t pointer_max = 0x3fff;
/// So many ends of names are remembered. The ones that most records share come first; and a large
/// answer costs no more than its size.
constexpr std::size_t remembered_max = 64;
constexpr std::uint16_t in_class = 1;

class Encoder {
 public:
  explicit Encoder(bool compress) : compress_(compress) {}

  std::string out;

  void name(std::string_view name, bool may_point = true) {
    while (name.size() > 1) {
      if (compress_) {
        if (const auto before = find(name); before && may_point) {
          append_u16_be(out, static_cast<std::uint16_t>(0xc000 | *before));
          return;
        }
        if (out.size() <= pointer_max && count_ < remembered_max) {
          remembered_[count_++] = {name, static_cast<std::uint16_t>(out.size())};
        }
      }
      const std::size_t size = static_cast<unsigned char>(name[0]) + 1u;
      out += name.substr(0, size);
      name.remove_prefix(size);
    }
    out += '\0';
  }

  void record(const Record& record) {
    name(record.owner);
    append_u16_be(out, static_cast<std::uint16_t>(record.type));
    append_u16_be(out, in_class);
    append_u32_be(out, record.ttl);
    const std::size_t length_at = out.size();
    append_u16_be(out, 0);
    out += record.fixed;
    if (!record.target.empty()) name(record.target, record.type != Type::srv);
    if (!record.second.empty()) name(record.second);
    out += record.rest;
    const std::size_t length = out.size() - length_at - 2;
    out[length_at] = static_cast<char>(length >> 8);
    out[length_at + 1] = static_cast<char>(length & 0xff);
  }

 private:
  struct Place {
    std::string_view name;
    std::uint16_t at = 0;
  };

  std::optional<std::uint16_t> find(std::string_view name) const {
    for (std::size_t i = 0; i < count_; ++i) {
      if (remembered_[i].name == name) return remembered_[i].at;
    }
    return std::nullopt;
  }

  const bool compress_;
  std::size_t count_ = 0;
  Place remembered_[remembered_max];
};

std::uint16_t flags_of(const Query& query, const Reply& reply) {
  unsigned flags = 0x8000u | (static_cast<unsigned>(reply.rcode) & 15);
  if (reply.authoritative) flags |= 0x0400;
  if (reply.truncated) flags |= 0x0200;
  if (query.recursion_desired) flags |= 0x0100;
  if (reply.recursion_available) flags |= 0x0080;
  if (query.checking_disabled) flags |= 0x0010;
  return static_cast<std::uint16_t>(flags);
}

void append_edns(std::string& out, const Edns& edns, Rcode rcode) {
  out += '\0';
  append_u16_be(out, static_cast<std::uint16_t>(Type::opt));
  append_u16_be(out, edns.udp_bytes);
  append_u8(out, static_cast<std::uint8_t>(static_cast<unsigned>(rcode) >> 4));
  append_u8(out, 0);  // The version that is spoken here.
  append_u16_be(out, edns.dnssec_ok ? 0x8000 : 0);
  if (!edns.subnet) {
    append_u16_be(out, 0);
    return;
  }
  const auto data = static_cast<std::uint16_t>(4 + edns.subnet->address.size());
  append_u16_be(out, static_cast<std::uint16_t>(4 + data));
  append_u16_be(out, 8);
  append_u16_be(out, data);
  append_u16_be(out, edns.subnet->family);
  append_u8(out, edns.subnet->source_bits);
  append_u8(out, edns.subnet->scope_bits);
  out += edns.subnet->address;
}

}  // namespace

std::string encode_reply(const Query& query, const Reply& reply, bool compress) {
  Encoder encoder(compress);
  std::string& out = encoder.out;
  out.reserve(plain_udp_bytes);
  append_u16_be(out, query.id);
  append_u16_be(out, flags_of(query, reply));
  append_u16_be(out, 1);
  append_u16_be(out, static_cast<std::uint16_t>(reply.answer.size()));
  append_u16_be(out, static_cast<std::uint16_t>(reply.authority.size()));
  append_u16_be(out, static_cast<std::uint16_t>(reply.additional.size() + (reply.edns ? 1 : 0)));
  encoder.name(query.name);
  append_u16_be(out, static_cast<std::uint16_t>(query.type));
  append_u16_be(out, query.record_class);
  for (const Record& record : reply.answer) encoder.record(record);
  for (const Record& record : reply.authority) encoder.record(record);
  for (const Record& record : reply.additional) encoder.record(record);
  if (reply.edns) append_edns(out, *reply.edns, reply.rcode);
  return std::move(out);
}

std::string encode_refusal(const Unreadable& message) {
  std::string out;
  append_u16_be(out, message.id);
  unsigned flags = 0x8000u | static_cast<unsigned>(message.opcode) << 11;
  if (message.recursion_desired) flags |= 0x0100;
  flags |= static_cast<unsigned>(message.rcode.value_or(Rcode::format_error)) & 15;
  append_u16_be(out, static_cast<std::uint16_t>(flags));
  out.append(8, '\0');
  return out;
}

std::string encode_query(std::uint16_t id, std::string_view name, Type type,
                         std::uint16_t udp_bytes) {
  std::string out;
  append_u16_be(out, id);
  append_u16_be(out, 0x0100);
  for (const int count : {1, 0, 0, 1}) append_u16_be(out, static_cast<std::uint16_t>(count));
  out += name;
  append_u16_be(out, static_cast<std::uint16_t>(type));
  append_u16_be(out, in_class);
  append_edns(out, {.udp_bytes = udp_bytes, .subnet = {}}, Rcode::no_error);
  return out;
}

}  // namespace conclave::dns
