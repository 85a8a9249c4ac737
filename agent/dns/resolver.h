#pragma once

/// From the bytes of a question to the bytes of its answer: at once where everything needed is
/// known, else after asking the directory or a recursor. Loop of DNS only.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "agent/dns/answer.h"
#include "agent/dns/options.h"
#include "agent/dns/question.h"
#include "agent/dns/recursor.h"
#include "agent/dns/trim.h"
#include "agent/dns/views.h"
#include "base/core/rng.h"
#include "base/run/clock.h"
#include "base/run/loop.h"
#include "base/run/metrics.h"

namespace conclave::dns {

struct Asker {
  Transport transport = Transport::udp;
  /// From this host or a private network: names of others are looked up for him.
  bool is_neighbour = false;
};

/// Loopback, link-local, private (RFC 1918, RFC 4193) and shared (RFC 6598) addresses.
bool is_neighbour(std::string_view ip_bytes);

class Resolver {
 public:
  struct Now {
    bool known = true;  ///< False: later() must be asked.
    std::string bytes;  ///< "" = this gets no answer.
  };

  /// All outlive this object. `options` make a zone.
  Resolver(const Clock& clock, Views& views, Recursor& recursor, DnsOptions options,
           Metrics& metrics, Rng rng);

  /// Options that make a zone.
  void set_options(DnsOptions options);

  Now now(std::string_view message, const Asker& asker);
  /// For what now() did not know.
  Task<std::string> later(std::string message, Asker asker);
  /// The answer where nothing can be looked for: SERVFAIL.
  std::string unavailable(std::string_view message) const;

 private:
  /// What one question is worked on with; stays what it is when options are exchanged.
  struct Setting {
    DnsOptions options;
    Zone zone;
  };

  std::optional<std::string> refuse_early(const Query& query) const;
  Answer compose(const Query& query, const Asked& asked, const Finding* finding,
                 Transport transport);
  std::string finish(const Query& query, const Asked& asked, Reply reply, Transport transport);
  Task<Reply> resolve(Query query, Asked asked, Transport transport, int depth);
  Task<std::vector<Record>> resolve_name(std::string name, Query query, Transport transport,
                                         int depth);
  Task<void> add_names(Answer* answer, Query query, Transport transport, int depth);
  Task<std::string> recurse(std::string message, Query query, Asker asker);
  void observe(const Asked& asked, Nanos begin);

  const Clock& clock_;
  Views& views_;
  Recursor& recursor_;
  std::shared_ptr<const Setting> setting_;
  Rng rng_;
  Histogram& domain_time_;
  Histogram& ptr_time_;
  Counter& refused_;
};

}  // namespace conclave::dns
