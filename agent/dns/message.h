#pragma once

/// DNS messages (RFC 1035, EDNS of RFC 6891, client subnets of RFC 7871): queries in, replies out.
/// An own encoder, because with libldns an answer of three addresses costs 4 to 5 µs of CPU, more
/// than all the rest of it; libldns judges what this one writes in the tests.

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace conclave::dns {

enum class Type : std::uint16_t {
  a = 1,
  ns = 2,
  cname = 5,
  soa = 6,
  ptr = 12,
  txt = 16,
  aaaa = 28,
  srv = 33,
  opt = 41,
  ixfr = 251,
  axfr = 252,
  any = 255,
};

enum class Rcode : std::uint16_t {
  no_error = 0,
  format_error = 1,
  server_failure = 2,
  name_error = 3,  ///< NXDOMAIN.
  not_implemented = 4,
  refused = 5,
  bad_version = 16,  ///< Of EDNS; its upper bits travel in the OPT record.
};

/// The smallest datagram that everybody takes, and all that may be sent without EDNS.
inline constexpr std::uint16_t plain_udp_bytes = 512;

struct ClientSubnet {
  std::uint16_t family = 0;
  std::uint8_t source_bits = 0;
  std::uint8_t scope_bits = 0;
  std::string address;  ///< As many bytes as source_bits need.
};

struct Edns {
  std::uint16_t udp_bytes = plain_udp_bytes;  ///< What the sender can take.
  std::uint8_t version = 0;
  bool dnssec_ok = false;
  std::optional<ClientSubnet> subnet;
};

struct Query {
  std::uint16_t id = 0;
  bool recursion_desired = false;
  bool checking_disabled = false;
  std::string name;  ///< agent/dns/name.h; case as it came.
  Type type = Type::a;
  std::uint16_t record_class = 1;  ///< 1 = IN.
  std::optional<Edns> edns;
};

/// A message that is no query which could be looked at.
struct Unreadable {
  std::uint16_t id = 0;
  std::uint8_t opcode = 0;
  bool recursion_desired = false;
  /// nullopt: it gets no answer (it is an answer itself, or has no header).
  std::optional<Rcode> rcode;
};

/// One question is what everybody sends; more or none is a format error.
std::expected<Query, Unreadable> parse_query(std::string_view message);

/// A record of class IN. Its data is `fixed`, then the names, then `rest`, each if there.
struct Record {
  std::string owner;
  Type type = Type::a;
  std::uint32_t ttl = 0;
  std::string fixed;
  std::string target;  ///< A name: of SRV, CNAME, NS, PTR; mname of SOA.
  std::string second;  ///< rname of SOA.
  std::string rest;    ///< Of SOA.

  std::size_t size_max() const {
    return owner.size() + 10 + fixed.size() + target.size() + second.size() + rest.size();
  }
};

struct Reply {
  Rcode rcode = Rcode::no_error;
  bool authoritative = true;
  bool recursion_available = false;
  bool truncated = false;
  std::vector<Record> answer;
  std::vector<Record> authority;
  std::vector<Record> additional;
  std::optional<Edns> edns;
};

/// The bytes to send. `compress`: names, and ends of names, that were written before become
/// pointers (RFC 1035 4.1.4), but not the target of SRV (RFC 2782).
std::string encode_reply(const Query& query, const Reply& reply, bool compress);
std::string encode_refusal(const Unreadable& message);
/// A question of our own to another server.
std::string encode_query(std::uint16_t id, std::string_view name, Type type,
                         std::uint16_t udp_bytes);

/// What is looked at of another server's reply.
struct ForeignReply {
  std::uint16_t id = 0;
  Rcode rcode = Rcode::no_error;
  bool truncated = false;
  std::string name;  ///< Of its question, as the next two.
  Type type = Type::a;
  std::uint16_t record_class = 1;
  std::vector<Record> answer;  ///< A, AAAA and CNAME alone.
};
/// nullopt: it is no reply, or broken.
std::optional<ForeignReply> parse_reply(std::string_view message);

/// The bytes of the address of A or AAAA as text.
std::string address_from_bytes(std::string_view bytes);

}  // namespace conclave::dns
