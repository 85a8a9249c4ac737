#pragma once

/// The reply to a question from what is known (contract 15.2), before limits. Pure.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "agent/dns/directory.h"
#include "agent/dns/message.h"
#include "agent/dns/options.h"
#include "agent/dns/question.h"
#include "base/core/rng.h"

namespace conclave::dns {

struct Answerer {
  const Zone& zone;
  const DnsOptions& options;
  std::uint32_t serial = 0;     ///< Of SOA: Unix time.
  std::size_t answers_max = 0;  ///< More than that need not be looked for.
};

struct Answer {
  Reply reply;
  /// Addresses that are names, targets of CNAME or SRV: their records belong into the answer after
  /// the CNAME, or into the additional section.
  std::vector<std::string> names;
};

/// `finding` is of subject_of(asked), nullptr where that is none. Not for what is outside.
Answer compose_answer(const Query& query, const Asked& asked, const Finding* finding,
                      const Answerer& answerer, Rng& rng);

/// A reply that says only that, with the SOA record that lets others remember it.
Reply negative_reply(Rcode rcode, const Asked& asked, const Answerer& answerer);

/// From service_ttl: exactly the name, else the longest "prefix*".
std::uint32_t service_ttl(const DnsOptions& options, std::string_view service);

/// The text of a TXT record for a pair of metadata (RFC 1464).
std::string txt_of(std::string_view key, std::string_view value);

}  // namespace conclave::dns
