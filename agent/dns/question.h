#pragma once

/// What a name asks for (contract 15.1). Pure.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "agent/dns/directory.h"
#include "agent/dns/message.h"
#include "agent/dns/options.h"

namespace conclave::dns {

/// The domains that are answered for, from DnsOptions.
struct Zone {
  std::string domain;  ///< agent/dns/name.h
  std::optional<std::string> alt_domain;
  std::string datacenter;

  /// Names that cannot be ones are a mistake of the configuration.
  static std::optional<Zone> from(const DnsOptions& options);
};

struct Asked {
  enum class Kind : std::uint8_t {
    outside,   ///< Somebody else's domain.
    nothing,   ///< In our domain, and no such name can be: NXDOMAIN.
    zone,      ///< SOA or NS of the domain.
    transfer,  ///< AXFR or IXFR.
    service,
    node,
    query,
    address,  ///< "7f000001.addr": the name says it all.
    reverse,  ///< in-addr.arpa, ip6.arpa.
  };
  Kind kind = Kind::outside;
  std::string name;     ///< In lower case; of addresses, as inet_ntop() writes them.
  std::string tag;      ///< Of a service; "" = any.
  std::string address;  ///< 4 or 16 bytes, for address and reverse.
  std::string domain;   ///< The part of the question that is our domain, as it is written there.
};

Asked read_question(const Query& query, const Zone& zone);

/// What to look for, to answer it; nullopt where nothing need be known.
std::optional<Subject> subject_of(const Asked& asked);

}  // namespace conclave::dns
