#pragma once

/// What DNS is told by configuration (contract 15 and 16); values, swapped whole on reload.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/core/duration.h"

namespace conclave::dns {

enum class RecursorStrategy : std::uint8_t { sequential, random };

struct DnsOptions {
  std::string datacenter = "dc1";
  std::string domain = "consul.";
  std::string alt_domain;  ///< "" = none.

  bool allow_stale = true;
  Nanos max_stale = std::chrono::hours(87600);
  bool only_passing = false;
  bool node_meta_txt = true;

  std::uint32_t node_ttl_s = 0;
  /// By service name in lower case, by "prefix*", by "*".
  std::map<std::string, std::uint32_t> service_ttl_s;

  std::uint32_t a_record_limit = 0;    ///< 0 = none.
  std::uint32_t udp_answer_limit = 3;  ///< Without EDNS; at most udp_answers_max.
  bool enable_truncate = false;        ///< TC is set when something was left out.
  bool disable_compression = false;

  struct Soa {
    std::uint32_t refresh_s = 3600;
    std::uint32_t retry_s = 600;
    std::uint32_t expire_s = 86400;
    std::uint32_t min_ttl_s = 0;
  } soa;

  std::vector<std::string> recursors;  ///< "ip:port", "[v6]:port".
  RecursorStrategy recursor_strategy = RecursorStrategy::sequential;
  Nanos recursor_timeout = std::chrono::seconds(2);
};

/// Consul's limit, whatever udp_answer_limit says.
inline constexpr std::uint32_t udp_answers_max = 8;

struct DnsLimits {
  /// Queries that wait for a server or a recursor; SERVFAIL beyond.
  std::uint32_t pending_max = 1024;
  /// TCP connections at once, in all and from one address; those beyond are closed.
  std::uint32_t connections_max = 512;
  std::uint32_t connections_per_address_max = 64;
  /// A TCP connection on which nothing comes, or nothing is taken, for so long is closed.
  Nanos idle_timeout = std::chrono::seconds(10);
  /// A query over TCP that is longer closes its connection; a longer datagram is a format error.
  std::uint32_t query_bytes_max = 4096;
};

}  // namespace conclave::dns
